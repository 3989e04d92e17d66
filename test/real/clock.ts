import { renameSync, writeFileSync } from "node:fs";

/** What faketime(1) preloads: it gives one process another wall clock, and leaves the monotonic one alone. */
const library = `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/faketime/libfaketime.so.1`;

/** The environment of a process whose wall clock can be set by `setClock` on a file. */
export function clockOf(file: string): Record<string, string> {
  setClock(file, "+0");
  return {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    NO_FAKE_STAT: "1",
  };
}

/** Sets a clock to so much before or after the host's, like `+3h`. */
export function setClock(file: string, offset: string): void {
  writeFileSync(`${file}.new`, offset); // Never seen half written.
  renameSync(`${file}.new`, file);
}
