import { messageOf, OstlerError } from "@ostler/protocol";
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
  for await (const json of new Client(controlSocket(options)).lines(
    `/v1/logs/${encodeURIComponent(service)}?${query.toString()}`,
  )) {
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

function regexOf(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (cause) {
    throw new OstlerError("bad-request", `--grep: ${messageOf(cause)}`, { cause });
  }
}
