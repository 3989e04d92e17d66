import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { Worker, isMainThread, workerData } from "node:worker_threads";
import { gzipSync } from "node:zlib";
import { randomBelow } from "./random.js";

/**
 * A program that writes numbered lines as fast as it can, and rotates its file at random: by a new name, or by copying and emptying
 * it. `window` leaves that to another thread, so that lines are written between copy and emptying.
 */
export type WriterPlan = { path: string; seed: number; lines: number; rotate: "rename" | "copy" | "both" | "window" };

/** So many rotated files there may be; none may go while somebody could still have to read it. */
const maxRotated = 200;

if (process.argv[2] === "write") write(JSON.parse(process.argv[3] ?? "") as WriterPlan);
else if (!isMainThread) rotateForEver(workerData as WriterPlan);

function write({ path, seed, lines, rotate }: WriterPlan): void {
  const below = randomBelow(seed);
  const worker = rotate === "window" ? new Worker(new URL(import.meta.url), { workerData: { path, seed } }) : undefined;
  let file = openSync(path, "a");
  for (let number = 1; number < lines;) {
    const batch = 1 + below(300);
    let text = "";
    for (let n = 0; n < batch && number < lines; n++) text += lineOf(number++, below);
    writeSync(file, text);
    if (below(2) === 0) pause(below(20));
    if (worker || below(25) > 0) continue;
    const byName = rotate === "rename" || (rotate === "both" && below(2) === 0);
    shift(path, below);
    if (!byName) copyAndEmpty(path, () => undefined);
    else {
      renameSync(path, `${path}.1`);
      if (below(2) === 0) pause(below(5));
      if (below(2) === 0 && number < lines) writeSync(file, lineOf(number++, below)); // Late.
      closeSync(file);
      file = openSync(path, "a");
    }
  }
  closeSync(file);
  void worker?.terminate();
}

function lineOf(number: number, below: (bound: number) => number): string {
  return `${String(number).padStart(9, "0")} ${"ä".repeat(below(60))}.\n`;
}

/** `.1` becomes `.2` and so on; now and then one of them is packed. */
function shift(path: string, below: (bound: number) => number): void {
  for (let n = maxRotated; n > 0; n--)
    for (const packed of ["", ".gz"])
      if (existsSync(`${path}.${n}${packed}`)) renameSync(`${path}.${n}${packed}`, `${path}.${n + 1}${packed}`);
  const plain = `${path}.${2 + below(3)}`;
  if (below(3) > 0 || !existsSync(plain)) return;
  writeFileSync(`${plain}.gz`, gzipSync(readFileSync(plain)));
  const { atime, mtime } = statSync(plain);
  utimesSync(`${plain}.gz`, atime, mtime); // As gzip does.
  rmSync(plain);
}

function copyAndEmpty(path: string, between: () => void): void {
  copyFileSync(path, `${path}.1`);
  between();
  truncateSync(path);
}

function rotateForEver({ path, seed }: WriterPlan): void {
  const below = randomBelow(seed + 1);
  for (;;) {
    pause(100 + below(200));
    shift(path, () => 1);
    copyAndEmpty(path, () => pause(below(10)));
  }
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
