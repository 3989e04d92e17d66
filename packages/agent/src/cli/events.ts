import type { Envelope } from "@ostler/protocol";
import { Client } from "./client.js";
import { eventLine } from "./event-line.js";
import { controlSocket, type Globals } from "./globals.js";
import { momentIn } from "./moment.js";
import { paint, print } from "./output.js";

type Options = Globals & { follow?: boolean; since?: string; type?: string[]; from?: string };
type Gap = { gap: { count: number; reason: string } };

/** The journal as lines; with `--json` each event as it is. */
export async function events(options: Options): Promise<number> {
  const query = new URLSearchParams();
  if (options.follow) query.set("follow", "true");
  if (options.from !== undefined) query.set("from", options.from);
  if (options.since !== undefined) query.set("since", momentIn(options.since));
  for (const type of options.type ?? []) query.append("type", type);
  for await (const line of new Client(controlSocket(options)).lines(`/v1/events?${query.toString()}`)) {
    if (options.json) print(line);
    else {
      const reading = JSON.parse(line) as Envelope | Gap;
      print(
        "gap" in reading
          ? paint("red", `… ${(reading as Gap).gap.count} events are missing (${(reading as Gap).gap.reason})`)
          : eventLine(reading),
      );
    }
  }
  return 0;
}
