import assert from "node:assert/strict";
import { chmodSync, readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { recordingBus } from "../../testing/bus.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { tempDir } from "../../testing/temp-dir.js";
import { unprivileged } from "../../testing/unprivileged.js";
import { until } from "../../testing/until.js";
import { InventoryWatch } from "./inventory.js";

/** A watch with a program of its own, and what it has told. */
function watching(program: string) {
  const clock = new FakeClock();
  const { bus, types } = recordingBus(clock);
  const told: string[] = [];
  const watch = InventoryWatch.start({
    publish: bus.publish,
    clock,
    state: () => bus.state,
    program,
    degraded: (reason) => told.push(reason),
    recovered: () => told.push("recovered"),
  });
  return {
    ...{ clock, bus, types, told },
    [Symbol.asyncDispose]: async () => {
      await watch[Symbol.asyncDispose]();
      assert.equal(clock.waiting, 0, "no timer is left");
    },
  };
}

const real = fileURLToPath(new URL("../../inventory.js", import.meta.url));
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Where the sources lie in somebody's private directory, nobody cannot run them; an installed agent lies where everybody can. */
function isForEverybody(file: string): boolean {
  try {
    unprivileged(() => readFileSync(file));
    return true;
  } catch {
    return false;
  }
}

test("what this host is made of is found out half a minute after the start, and told once", async () => {
  await using it = watching(real);
  await it.clock.pass(29_000);
  assert.equal(it.clock.waiting, 1);
  await it.clock.pass(1000);
  if (!isForEverybody(real)) {
    await until(() => it.told.length === 1, "nobody may read the program: that is told");
    return;
  }
  await until(() => it.bus.state.host, "it is known");
  assert.equal(it.bus.state.host?.memory.total, totalmem());
  assert.equal(it.bus.state.host?.cpu.cores, availableParallelism());
  assert.match(it.bus.state.host?.os.distribution ?? "", /\w/);
  await until(() => it.clock.waiting === 1, "it rests");
  await it.clock.pass(hourMs);
  await until(() => it.clock.waiting === 1, "it has looked again");
  assert.deepEqual(it.types(), ["host.inventoried"]);
  assert.deepEqual(it.told, []);
});

test("a program that fails, or says what is no inventory, is told once and tried again", async () => {
  using dir = tempDir();
  const program = dir.write("broken.cjs", 'process.stdout.write("{}");');
  chmodSync(dir.path, 0o755); // For nobody.
  await using it = watching(program);
  await it.clock.pass(30_000);
  await until(() => it.told.length === 1 && it.clock.waiting === 1, "it is told");
  assert.match(it.told[0] ?? "", /^what the host is made of could not be found out: /);
  dir.write("broken.cjs", 'process.stderr.write("no dmidecode"); process.exit(1);');
  await it.clock.pass(hourMs);
  await until(() => it.clock.waiting === 1, "it has been tried again");
  assert.deepEqual([it.told.length, it.types()], [1, []]);
});

test("it has the rights of nobody where the agent has those of root", { skip: process.getuid?.() !== 0 }, async () => {
  using dir = tempDir();
  const rights = "process.stderr.write(`uid ${process.getuid()} groups ${process.getgroups()}`); process.exit(1);";
  chmodSync(dir.path, 0o755); // For nobody.
  await using it = watching(dir.write("who.cjs", rights));
  await it.clock.pass(30_000);
  await until(() => it.told.length === 1, "it is told");
  assert.match(it.told[0] ?? "", /uid 65534 groups 65534$/);
});
