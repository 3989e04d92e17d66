import assert from "node:assert/strict";
import { test } from "node:test";
import type { DiskCheck } from "../../../config/checks/disk.js";
import { ask, checkOf } from "../../../testing/probes.js";
import { diskProbe, judgeRoom, type Room } from "./disk.js";

const check = (more: object, path = "/data"): DiskCheck => checkOf<DiskCheck>({ kind: "disk", path, ...more });

const GiB = 1024 ** 3;
const room: Room = { free: 5 * GiB, total: 50 * GiB, inodesFree: 50, inodes: 1000 };

const rows: [wanted: object, room: Room, says: string][] = [
  [{ free_at_least: "10%" }, room, "ok"],
  [{ free_at_least: "5GiB" }, room, "ok"],
  [{ free_at_least: "10.1%" }, room, "failed: /data has 5 GiB free (10%), less than 10.1%"],
  [{ free_at_least: "6GiB" }, room, "failed: /data has 5 GiB free (10%), less than 6 GiB"],
  [{ free_at_least: "5%", warn_free_at_least: "20%" }, room, "warned: /data has 5 GiB free (10%), less than 20%"],
  [{ inodes_free_at_least: "5%" }, room, "ok"],
  [{ inodes_free_at_least: "6%" }, room, "failed: /data has 5% of its inodes free, less than 6%"],
  [{ inodes_free_at_least: "6%" }, { ...room, inodes: 0, inodesFree: 0 }, "ok"],
  [
    { inodes_free_at_least: "6%", warn_free_at_least: "20%" },
    room,
    "failed: /data has 5% of its inodes free, less than 6%",
  ],
  [{ free_at_least: "1%" }, { ...room, free: 0, total: 0 }, "failed: /data has 0 B free (0%), less than 1%"],
];

for (const [wanted, found, says] of rows)
  test(`disk: ${JSON.stringify(wanted)} is judged: ${says}`, () => {
    const verdict = judgeRoom(check(wanted), found);
    const said = verdict.ok ? verdict.warning && `warned: ${verdict.warning}` : `failed: ${verdict.reason}`;
    assert.equal(said ?? "ok", says);
  });

test("disk: a real file system is looked at, and a path that is not there is told", async () => {
  assert.equal(await ask(diskProbe(check({ free_at_least: "0B", inodes_free_at_least: "0%" }, "/"))), "ok");
  assert.match(
    await ask(diskProbe(check({ free_at_least: "1023TiB" }, "/"))),
    /^\/ has .* free \(.*%\), less than 1023 TiB$/,
  );
  assert.match(await ask(diskProbe(check({ free_at_least: "1B" }, "/no/such/place"))), /^\/no\/such\/place: ENOENT/);
});
