import assert from "node:assert/strict";
import { test } from "node:test";
import { confiningWords, groupValuesOf, type Confinement } from "./confinement.js";

const free: Confinement = { noNewPrivileges: false, niceBy: 0, limits: {} };

/** The words for what differs from no confinement, as one line. */
function words(confinement: Partial<Confinement>): string {
  return confiningWords({ ...free, ...confinement })
    .flat()
    .join(" ");
}

test("a process without limits gets no words at all", () => {
  assert.deepEqual(confiningWords(free), []);
});

test("a limit is soft and hard at once, in the units of the kernel", () => {
  assert.equal(words({ limits: { open_files: 1024, core: 0 } }), "prlimit --nofile=1024 --core=0");
  assert.equal(
    words({
      limits: {
        processes: 5,
        file_size: 1,
        address_space: 2,
        cpu_time: 3,
        locked_memory: "unlimited",
        stack: "unlimited",
      },
    }),
    "prlimit --nproc=5 --fsize=1 --as=2 --cpu=3 --memlock=unlimited --stack=unlimited",
  );
});

test("the user comes after what only root may do", () => {
  const ids = { uid: 33, gid: 34, groups: "of-user" as const };
  assert.equal(
    words({ ids, niceBy: -5, limits: { open_files: 9 }, noNewPrivileges: true }),
    "nice -n -5 prlimit --nofile=9 setpriv --reuid=33 --regid=34 --init-groups --no-new-privs",
  );
});

test("groups are those of the user, the given ones, none, or stay", () => {
  assert.equal(words({ ids: { uid: 1, gid: 2, groups: [4, 5] } }), "setpriv --reuid=1 --regid=2 --groups=4,5");
  assert.equal(words({ ids: { uid: 1, gid: 2, groups: [] } }), "setpriv --reuid=1 --regid=2 --clear-groups");
  assert.equal(words({ ids: { gid: 2, groups: "kept" } }), "setpriv --regid=2 --keep-groups");
});

test("memory and CPU of all that comes from a process are values of its control group, not words", () => {
  assert.equal(words({ limits: { memory: 1024, cpu: 1 } }), "");
  assert.deepEqual(groupValuesOf({ open_files: 5 }), {});
  assert.deepEqual(groupValuesOf({ memory: 64 * 1024 ** 2, cpu: 1.5 }), {
    "memory.max": "67108864",
    "cpu.max": "150000 100000",
  });
  assert.deepEqual(groupValuesOf({ memory: "unlimited", cpu: 0.01 }), {
    "memory.max": "max",
    "cpu.max": "1000 100000",
  });
});
