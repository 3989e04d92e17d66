// How long after kill -9 of the agent its successor has all services back: from its exec until it has told `service.adopted` of each.
import { isDeepStrictEqual } from "node:util";
import { median, report } from "./helpers/bench.js";
import { Herd } from "./helpers/herd.js";

const sizes = [1, 50, 200];
const rounds = Number(process.argv[2] ?? 5);

const rows: (string | number)[][] = [];
for (const size of sizes) {
  await using herd = new Herd(size);
  await herd.exec("service.ready");
  const pids = await herd.pids();
  const samples: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await herd.kill();
    samples.push(await herd.exec("service.adopted"));
    if (!isDeepStrictEqual(await herd.pids(), pids)) throw new Error("A service was started anew.");
  }
  rows.push([`${size}`, median(samples), Math.min(...samples), Math.max(...samples)]);
}
report(`exec of the next agent to all adopted untouched, ms, of ${rounds}`, [
  ["services", "median", "min", "max"],
  ...rows,
]);
