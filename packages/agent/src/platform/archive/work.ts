import { messageOf } from "@ostler/protocol";
import { killChildren } from "./children.js";
import { create } from "./create.js";
import { extract } from "./extract.js";
import {
  archiveFailureCode,
  type ArchiveJob,
  type ArchiveTold,
  type CreateResult,
  type ExtractResult,
  type VerifyResult,
} from "./job.js";
import { removeLeftovers, takePossession } from "./leftovers.js";
import { Progress } from "./progress.js";
import { verify } from "./verify.js";

/** A job, with everything that belongs to its end: of one that fails nothing is left. `begun`: from here on it may leave something. */
async function workOn(
  job: ArchiveJob,
  progress: Progress,
  { begun, signal }: { begun: () => void; signal: AbortSignal },
): Promise<CreateResult | VerifyResult | ExtractResult> {
  await takePossession(job);
  begun();
  try {
    return await start(job, progress, signal);
  } catch (failure) {
    await killChildren();
    await removeLeftovers(job);
    throw failure;
  }
}

/** The whole of the program: takes a job on its input, tells on its output, and ends when either does. */
export async function work(): Promise<void> {
  const tell = (told: ArchiveTold): boolean => process.stdout.write(`${JSON.stringify(told)}\n`);
  let begun: ArchiveJob | undefined;
  const stop = new AbortController();
  const abandon = (): void => {
    stop.abort();
    void end(begun).finally(() => process.exit(1));
  };
  process.stdout.on("error", abandon);
  try {
    const job = JSON.parse(await firstLine(abandon)) as ArchiveJob;
    const progress = new Progress((told) => tell({ is: "progress", ...told }));
    const result = await workOn(job, progress, {
      begun: () => {
        begun = job;
        tell({ is: "begun" });
      },
      signal: stop.signal,
    });
    tell({ is: "done", result });
  } catch (failure) {
    tell({ is: "failed", code: archiveFailureCode(failure), message: messageOf(failure) });
  }
  process.stdin.removeAllListeners("end").destroy();
}

function start(
  job: ArchiveJob,
  progress: Progress,
  signal: AbortSignal,
): Promise<CreateResult | VerifyResult | ExtractResult> {
  switch (job.do) {
    case "create":
      return create(job, progress, signal);
    case "verify":
      return verify(job, progress);
    case "extract":
      return extract(job, progress);
    default:
      return job satisfies never;
  }
}

/** Whoever wanted it is gone, or does not want it any more. */
async function end(begun: ArchiveJob | undefined): Promise<void> {
  await killChildren(true);
  if (begun) await removeLeftovers(begun);
}

/** The first line of the input. `ended` is called when the input ends, at whatever time. */
function firstLine(ended: () => void): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    process.stdin.setEncoding("utf8").on("data", (chunk: string) => {
      if (text.includes("\n")) return;
      text += chunk;
      if (text.includes("\n")) resolve(text);
    });
    process.stdin.on("end", ended).on("error", ended);
  });
}
