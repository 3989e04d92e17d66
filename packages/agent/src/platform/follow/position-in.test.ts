import assert from "node:assert/strict";
import { appendFileSync, renameSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { follow } from "../../testing/followed.js";
import { tempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import type { Position } from "./place.js";
import { positionIn } from "./position-in.js";

test("from a line in the middle of a block it goes on with that line, also when the block is of a late file", async () => {
  using directory = tempDir();
  const [path, old] = [directory.write("app.log", "one\n"), directory.at("app.log.1")];
  const positions = new Map<string, Position>();
  const first = follow(
    path,
    {},
    {
      take: (block) => {
        let start = 0;
        for (const line of Buffer.from(block.bytes).toString().trimEnd().split("\n")) {
          const position = positionIn(block, start, undefined);
          positions.set(line, JSON.parse(JSON.stringify(position)) as Position);
          start += line.length + 1;
        }
      },
    },
  );
  await until(() => positions.has("one"));
  renameSync(path, old);
  writeFileSync(path, "two\nthree\n");
  await until(() => positions.has("three"));
  appendFileSync(old, "late\nlater\nlatest\n");
  await until(() => positions.has("latest"));
  await first[Symbol.asyncDispose]();
  const rest = async (line: string): Promise<string[]> => {
    const position = positions.get(line);
    assert.ok(position);
    await using it = follow(path, { position });
    await it.follower.caughtUp();
    assert.deepEqual(it.gaps, []);
    return it.lines;
  };
  assert.deepEqual(await rest("later"), ["later", "latest"]);
  assert.deepEqual(await rest("three"), ["late", "later", "latest", "three"]);
});
