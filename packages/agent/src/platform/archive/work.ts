import { messageOf } from "@ostler/protocol";
import { killChildren } from "./children.js";
import { copy } from "./copy.js";
import { create } from "./create.js";
import { extract } from "./extract.js";
import { archiveFailureCode, isOnSecondDisk, type ArchiveJob, type ArchiveTold, type ResultOf } from "./job.js";
import { removeLeftovers, takePossession } from "./leftovers.js";
import { Progress } from "./progress.js";
import { removeCopies } from "./remove-copies.js";
import { verify } from "./verify.js";

/** A job, with everything that belongs to its end: of one that fails nothing is left. `begun`: from here on it may leave something. */
async function workOn(
  job: ArchiveJob,
  progress: Progress,
  begun: () => void,
  signal: AbortSignal,
): Promise<ResultOf<ArchiveJob>> {
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
  const given = new AbortController();
  let begun: ArchiveJob | undefined;
  let working: Promise<unknown> = Promise.resolve();
  const abandon = (): void => {
    given.abort();
    void end(begun, working).finally(() => process.exit(1));
  };
  process.stdout.on("error", abandon);
  try {
    const job = JSON.parse(await firstLine(abandon)) as ArchiveJob;
    const progress = new Progress((told) => tell({ is: "progress", ...told }));
    const begin = (): void => {
      begun = job;
      tell({ is: "begun" });
    };
    const result = workOn(job, progress, begin, given.signal);
    working = result;
    tell({ is: "done", result: await result });
  } catch (failure) {
    tell({ is: "failed", code: archiveFailureCode(failure), message: messageOf(failure) });
  }
  process.stdin.removeAllListeners("end").destroy();
}

function start(job: ArchiveJob, progress: Progress, signal: AbortSignal): Promise<ResultOf<ArchiveJob>> {
  switch (job.do) {
    case "create":
      return create(job, progress, signal);
    case "verify":
      return verify(job, progress);
    case "extract":
      return extract(job, progress);
    case "copy":
      return copy(job, progress, signal);
    case "remove-copies":
      return removeCopies(job, signal);
    default:
      return job satisfies never;
  }
}

/** Whoever wanted it is gone, or does not want it any more. */
async function end(begun: ArchiveJob | undefined, working: Promise<unknown>): Promise<void> {
  if (begun && isOnSecondDisk(begun)) {
    await working.catch(() => undefined); // It leaves nothing by itself.
    return;
  }
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
