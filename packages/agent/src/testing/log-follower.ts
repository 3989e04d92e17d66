import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { systemClock } from "../core/clock.js";
import { Follower } from "../platform/follow/follower.js";
import type { Gap, Position } from "../platform/follow/place.js";

/**
 * A program that follows a file, and after each block leaves in its own files the place and number of each line, and then its
 * position. It may be killed whenever somebody likes.
 */
export type FollowerFiles = { path: string; lines: string; position: string; gaps: string };

if (process.argv[2] === "follow") followUntilTold(JSON.parse(process.argv[3] ?? "") as FollowerFiles);

function followUntilTold(files: FollowerFiles): void {
  const position = existsSync(files.position) && {
    position: JSON.parse(readFileSync(files.position, "utf8")) as Position,
  };
  const follower = Follower.start(
    files.path,
    { from: "beginning", ...position },
    {
      clock: systemClock,
      take: ({ bytes, place, position }) => {
        let text = "\n"; // Whoever was killed before may have left a line without an end.
        let at = 0;
        for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, at)) {
          text += `${place.generation}:${place.offset + at} ${Buffer.from(bytes.subarray(at, at + 9)).toString()}\n`;
          at = end + 1;
        }
        appendFileSync(files.lines, text);
        writeFileSync(`${files.position}.new`, JSON.stringify(position));
        renameSync(`${files.position}.new`, files.position);
      },
      gap: (gap: Gap) => appendFileSync(files.gaps, `${JSON.stringify(gap)}\n`),
      fault: (reason) => appendFileSync(files.gaps, `${JSON.stringify({ fault: reason })}\n`),
    },
  );
  process.stdin.once("data", () => void follower.caughtUp().then(() => process.exit(0)));
}
