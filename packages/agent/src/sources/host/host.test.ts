import assert from "node:assert/strict";
import { statfsSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { test } from "node:test";
import type { Sample } from "@ostler/protocol";
import { FakeClock } from "../../testing/fake-clock.js";
import { until } from "../../testing/until.js";
import { Host, hostFigures, type Figures } from "./host.js";

type Measured = Extract<Sample, { type: "host.measured" }>;

/** A host that is measured every 15 s, and what was told of it. */
function measured(figures: Record<string, Figures>) {
  const clock = new FakeClock();
  const samples: Measured[] = [];
  const told: string[] = [];
  const host = Host.start(
    { every: 15_000 },
    {
      clock,
      sample: (sample) => samples.push(sample as Measured),
      degraded: (reason) => told.push(reason),
      recovered: () => told.push("recovered"),
    },
    figures,
  );
  return {
    ...{ clock, samples, told, host },
    /** Lets time go by until it has been measured so often. */
    times: (count: number) => until(() => clock.pass(15_000).then(() => samples.length >= count), `${count} samples`),
    [Symbol.asyncDispose]: async () => {
      await host[Symbol.asyncDispose]();
      assert.equal(clock.waiting, 0, "no timer is left");
    },
  };
}

const value = ({ families }: Measured, name: string, labels: object = {}): number | undefined =>
  families
    .flatMap(({ points }) => points)
    .find((point) => point.name === `ostler_host_${name}` && JSON.stringify(point.labels).includes(inJson(labels)))
    ?.value;
const inJson = (labels: object): string => JSON.stringify(labels).slice(1, -1);

test("this host is as large as the kernel tells others", async () => {
  await using it = measured(hostFigures());
  await it.times(2);
  const last = it.samples.at(-1) ?? assert.fail();
  assert.deepEqual(Object.values(last.failed).join(""), "");
  assert.equal(value(last, "memory_size_bytes"), totalmem());
  assert.equal(value(last, "cpus"), cpus().length);
  const { blocks, bsize } = statfsSync("/");
  assert.equal(value(last, "filesystem_size_bytes", { mountpoint: "/" }), blocks * bsize);
  assert.equal(value(last, "filesystem_stuck", { mountpoint: "/" }), 0);
  assert.ok((value(last, "network_receive_bytes_total", { device: "lo" }) ?? -1) >= 0);
  assert.ok((value(last, "load1") ?? -1) >= 0);
  assert.ok((value(last, "oom_kills_total") ?? -1) >= 0);
});

test("every name ends with its unit, and every counter with _total", async () => {
  await using it = measured(hostFigures());
  await it.times(1);
  for (const { name, type, help } of it.samples[0]?.families ?? []) {
    assert.match(name, /^ostler_host_[a-z0-9_]+$/);
    assert.equal(name.endsWith("_total"), type === "counter", name);
    assert.match(help, /^\S.*[^.]$/);
  }
});

test("what cannot be read is told once, and keeps nothing else from being read", async () => {
  const trouble = { is: true };
  await using it = measured({
    good: () => [{ name: "ostler_host_good", type: "gauge", help: "Good", points: [] }],
    bad: () => {
      if (trouble.is) throw new Error("no such file");
      return [];
    },
  });
  await it.times(3);
  assert.deepEqual(it.told, ["bad: no such file"]);
  assert.deepEqual(it.samples[0]?.failed, { good: "", bad: "no such file" });
  assert.equal(it.samples[0]?.families.length, 1);
  trouble.is = false;
  await until(() => it.clock.pass(15_000).then(() => it.told.length === 2), "it has recovered");
  assert.deepEqual(it.told, ["bad: no such file", "recovered"]);
});

test("another interval holds at once", async () => {
  await using it = measured({});
  await it.times(1);
  await it.host.prepare({ every: 1000 }).commit(new AbortController().signal);
  await until(() => it.clock.pass(0).then(() => it.clock.waiting === 1), "it rests");
  const before = it.samples.length;
  for (let second = 0; second < 3; second++)
    await until(() => it.clock.pass(1000).then(() => it.samples.length > before + second), "it is measured again");
});
