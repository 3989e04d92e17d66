import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { startChild } from "./children.js";
import { archiveFailure } from "./job.js";
import { bytesOf } from "./path-bytes.js";
import type { TarReader } from "./tar-reader.js";

const tar = [
  "tar",
  "--create",
  "--file=-",
  "--format=posix",
  "--pax-option=delete=atime,delete=ctime",
  "--sparse",
  "--xattrs",
  "--acls",
  "--no-recursion",
  "--blocking-factor=256",
  "--quoting-style=escape",
  "--directory=/",
  "--no-unquote",
  "--null",
  "--files-from=-",
];

/** What happens to files of a service that runs; whether one has changed or gone is found out afterwards. */
const harmless =
  /: (file changed as we read it|File removed before we read it|File shrank by \d+ bytes?; padding with zeros|socket ignored)$|: (Warning: )?Cannot \w+: No such file or directory$|^tar: Exiting with failure status due to previous errors$/;

/** So many names are handed to tar at a time. */
const namesAtOnce = 1000;

/**
 * Has GNU tar archive these paths, relative to /, and reads what it makes; `flush` is called after each chunk.
 * @throws OstlerError `failed` when something cannot be read
 */
export async function archiveOf(
  paths: readonly string[],
  reader: TarReader,
  flush: () => Promise<void>,
): Promise<void> {
  const { stdin, stdout, ended } = startChild(tar, { harmless });
  // A tar that takes no more names has ended, and its end tells why.
  const asked = pipeline(Readable.from(listed(paths)), stdin).catch(() => undefined);
  for await (const chunk of stdout ?? []) {
    await reader.take(chunk as Buffer);
    await flush();
  }
  await asked;
  const { code, killedBy, complaints } = await ended;
  const [first] = complaints;
  if (killedBy !== null || code === null || code > 2 || (code === 2 && first !== undefined))
    throw archiveFailure("failed", `tar could not read everything: ${first ?? `it ended with ${code ?? killedBy}`}`);
  reader.end();
}

function* listed(paths: readonly string[]): Generator<Buffer> {
  for (let at = 0; at < paths.length; at += namesAtOnce)
    yield bytesOf(`${paths.slice(at, at + namesAtOnce).join("\0")}\0`);
}
