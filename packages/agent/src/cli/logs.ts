import { messageOf, OstlerError, own, type HostState } from "@ostler/protocol";
import { Pattern } from "../core/pattern/pattern.js";
import { Client } from "./client.js";
import { controlSocket, type Globals } from "./globals.js";
import { paint, print } from "./output.js";

type Options = Globals & { follow?: boolean; lines: string; grep?: string };
type Line = { process: string; stream: string; text: string; clipped?: true };

/** What a service wrote. */
export async function logs(options: Options, target: string): Promise<number> {
  const [service = "", process] = target.split("/");
  const wanted = options.grep === undefined ? undefined : regexOf(options.grep);
  const query = new URLSearchParams({
    n: options.lines,
    ...(process === undefined ? {} : { process }),
    ...(options.follow ? { follow: "true" } : {}),
  });
  const client = new Client(controlSocket(options));
  noteAttached(service, await client.state());
  for await (const json of client.lines(`/v1/logs/${encodeURIComponent(service)}?${query.toString()}`)) {
    const line = JSON.parse(json) as Line;
    if (wanted && !wanted.test(line.text)) continue;
    if (options.json) print(json);
    else
      print(
        `${paint(line.stream === "stderr" ? "yellow" : "grey", line.process)} ${line.text}${line.clipped ? " …" : ""}`,
      );
  }
  return 0;
}

/** Who expects lines and gets none should know why. */
function noteAttached(service: string, { services }: HostState): void {
  const attached = own(services, service)?.attached;
  if (attached?.owner !== "pid-file") return;
  process.stderr.write(
    `${service} is attached by ${attached.name}: what it writes goes where its owner has sent it, and is not here. ` +
      "Here is only what the commands of `attach` wrote.\n",
  );
}

function regexOf(text: string): Pattern {
  try {
    return Pattern.parse(text, { caseSensitive: true });
  } catch (cause) {
    throw new OstlerError("bad-request", `--grep: ${messageOf(cause)}`, { cause });
  }
}
