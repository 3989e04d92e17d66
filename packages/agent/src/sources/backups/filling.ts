import { mkdir, readdir, rm, rmdir } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf, OstlerError } from "@ostler/protocol";

/**
 * Does what fills a directory, which has to be empty or not there yet. A failure leaves it as it was found: empty, or gone with
 * the directories above it that were made for it. @throws OstlerError `wrong-state` where something is in it
 */
export async function filling<T>(directory: string, fill: () => Promise<T>): Promise<T> {
  const made = await mkdir(directory, { recursive: true });
  if ((await readdir(directory)).length > 0)
    throw new OstlerError(
      "wrong-state",
      `${directory} is not empty. Name a directory that is, or that is not there yet.`,
    );
  try {
    return await fill();
  } catch (failure) {
    await empty(directory, made).catch((worse: unknown) => {
      const { code, message, data } = OstlerError.from(failure);
      const left = `What came to ${directory} until then could not be removed (${messageOf(worse)}): remove it.`;
      throw new OstlerError(code, `${message} ${left}`, { cause: failure, data });
    });
    throw failure;
  }
}

/** `made` is the uppermost directory that was not there before. */
async function empty(directory: string, made: string | undefined): Promise<void> {
  for (const name of await readdir(directory, { encoding: "buffer" }))
    await rm(Buffer.concat([Buffer.from(`${directory}/`), name]), { recursive: true, force: true });
  if (made === undefined) return;
  for (let path = directory.replace(/\/+$/, ""); path.startsWith(made); path = dirname(path))
    await rmdir(path).catch((failure: unknown) => {
      if ((failure as NodeJS.ErrnoException).code !== "ENOTEMPTY") throw failure; // Somebody uses it by now.
    });
}
