import assert from "node:assert/strict";
import { appendFileSync, mkdirSync } from "node:fs";
import { test } from "node:test";
import type { HostEvent } from "@ostler/protocol";
import { serviceConfig } from "../../config/services.js";
import { spoolPath, type SpoolMark, type Stream } from "../../platform/spool.js";
import { configured, exited, recordingBus, started } from "../../testing/bus.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { tempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { Markers, type Services } from "./markers.js";

const within = (match: string, span = "30s"): Services => ({
  web: serviceConfig.parse({ command: ["x"], marker: { match, within: span } }),
});
const adopted = (uptimeMs: number): HostEvent => ({
  type: "service.adopted",
  data: { service: "web", process: "main", run: 1, pid: 4242, startTicks: 1, uptimeMs },
});

type Known = { outputOf?: SpoolMark | undefined; before?: HostEvent[] };

/** A service with a marker, whose spools the test writes. */
function host(services: Services, { before = [], ...known }: Known = {}) {
  const dir = tempDir();
  const clock = new FakeClock();
  const { bus, seen } = recordingBus(clock);
  for (const event of [configured("web"), ...before]) bus.publish(event);
  const markers = new Markers(services, {
    publish: bus.publish,
    clock,
    state: () => bus.state,
    spools: dir.path,
    outputOf: () => ("outputOf" in known ? known.outputOf : { stdout: 0, stderr: 0 }),
    secrets: () => ["hush"],
  });
  bus.subscribe("markers", markers.follow);
  const told = (): HostEvent[] =>
    seen.map(({ event }) => event as HostEvent).filter(({ type }) => type.startsWith("service.marker"));
  return {
    bus,
    markers,
    clock,
    told,
    path: (stream: Stream = "stdout") => spoolPath(dir.path, "web", "main", stream),
    write: (text: string, stream: Stream = "stdout") =>
      appendFileSync(spoolPath(dir.path, "web", "main", stream), text),
    /** Time passes, and whoever looks then has looked. */
    pass: async (ms: number) => {
      const before = told().length;
      await clock.pass(ms);
      const rests = (): boolean => told().length > before || (clock.waiting > 0 && clock.nextMs > 0);
      await until(() => clock.pass(0).then(rests), "it waits for the next look, or has told");
    },
    reload: (next: Services) => markers.prepare(next).commit(new AbortController().signal),
    [Symbol.asyncDispose]: async () => {
      await markers[Symbol.asyncDispose]();
      assert.equal(clock.waiting, 0, "no timer is left");
      dir[Symbol.dispose]();
    },
  };
}

test("a marker is seen in either stream, with the time it took, and once", async () => {
  for (const stream of ["stdout", "stderr"] as const) {
    await using web = host(within("^Listening on \\d+$"));
    web.bus.publish(started("web"));
    web.write("starting\nListening on port 1\n", stream);
    await web.pass(1000);
    assert.deepEqual(web.told(), []);
    web.write("Listening on 8080\nListening on 8080\n", stream);
    await web.pass(1000);
    const [{ type, data } = assert.fail(), ...others] = web.told();
    assert.deepEqual([type, others.length], ["service.marker-seen", 0]);
    assert.ok(type === "service.marker-seen" && data.tookMs > 1000 && data.tookMs <= 2000, JSON.stringify(data));
    assert.deepEqual(web.bus.state.services.web?.processes.main?.marker?.seen, true);
  }
});

test("one that does not come is missed when its time is over, not before, with the last line but without secrets", async () => {
  await using web = host(within("up"));
  web.bus.publish(started("web"));
  web.write("connecting with hush\n\n");
  await web.pass(29_999);
  assert.deepEqual(web.told(), []);
  await web.pass(1);
  const data = { service: "web", process: "main", run: 1, match: "up", withinMs: 30_000, because: "not-written" };
  assert.deepEqual(web.told(), [
    { type: "service.marker-missed", data: { ...data, lastLine: "connecting with [redacted]" } },
  ]);
  assert.equal(web.clock.waiting, 0);
});

test("one who says nothing at all is missed without a last line", async () => {
  await using web = host(within("up"));
  web.bus.publish(started("web"));
  await web.pass(30_000);
  assert.deepEqual(
    web.told().map(({ data }) => "lastLine" in data),
    [false],
  );
});

test("a line without end counts when the time is over", async () => {
  await using web = host(within("ready>$"));
  web.bus.publish(started("web"));
  web.write("ready>");
  await web.pass(29_999);
  assert.deepEqual(web.told(), []);
  await web.pass(1);
  assert.deepEqual(
    web.told().map(({ type }) => type),
    ["service.marker-seen"],
  );
});

test("what an earlier run wrote is not looked at", async () => {
  await using web = host(within("up"), { outputOf: { stdout: 3, stderr: 0 } });
  web.write("up\nnot yet\n");
  web.bus.publish(started("web"));
  await web.pass(30_000);
  assert.deepEqual(
    web.told().map(({ type }) => type),
    ["service.marker-missed"],
  );
});

test("of a run that ends before nothing is told", async () => {
  await using web = host(within("up"));
  web.bus.publish(started("web"));
  await web.pass(1000);
  web.bus.publish(exited("web"));
  web.write("up\n");
  await web.clock.pass(60_000);
  assert.deepEqual([web.told(), web.clock.waiting], [[], 0]);
});

test("whoever lets go waits for no more than the look that is under way", async () => {
  await using web = host(within("up"));
  web.bus.publish(started("web"));
  await web.pass(1000);
  await web.markers[Symbol.asyncDispose]();
  assert.deepEqual([web.told(), web.clock.waiting], [[], 0]);
});

test("a new agent waits for what is left of the time", async () => {
  await using web = host(within("up"), { before: [started("web"), adopted(20_000)] });
  await web.pass(9_999);
  assert.deepEqual(web.told(), []);
  await web.pass(1);
  assert.equal(web.told().length, 1);
});

test("a new agent whose predecessor missed the end of the time looks at what was written meanwhile", async () => {
  for (const [text, type] of [
    ["up\n", "service.marker-seen"],
    ["down\n", "service.marker-missed"],
  ] as const) {
    await using web = host(within("up"), { before: [started("web"), adopted(90_000)] });
    web.write(text);
    await web.pass(0);
    assert.deepEqual(
      web.told().map((event) => event.type),
      [type],
    );
  }
});

test("what is known of a run is not told again, and what nobody can know not at all", async () => {
  const seen: HostEvent = {
    type: "service.marker-seen",
    data: { service: "web", process: "main", run: 1, match: "up", tookMs: 5 },
  };
  await using again = host(within("up"), { before: [started("web"), seen, adopted(10_000)] });
  await again.clock.pass(60_000);
  assert.equal(again.told().length, 1);
  await using unknown = host(within("up"), { before: [started("web"), adopted(10_000)], outputOf: undefined });
  unknown.write("up\n");
  await unknown.clock.pass(60_000);
  assert.deepEqual([unknown.told(), unknown.clock.waiting], [[], 0]);
});

test("a reload gives a run that is waited for another marker, and one whose time is over none", async () => {
  await using web = host(within("up"));
  web.bus.publish(started("web"));
  web.write("ready\n");
  await web.pass(1000);
  await web.reload(within("ready"));
  await web.pass(1000);
  assert.deepEqual(
    web.told().map(({ type }) => type),
    ["service.marker-seen"],
  );
  await web.clock.pass(60_000);
  await web.reload(within("other"));
  assert.equal(web.clock.waiting, 0);
});

test("a reload that takes the marker away ends the search", async () => {
  await using web = host(within("up"));
  web.bus.publish(started("web"));
  await web.pass(1000);
  await web.reload({ web: serviceConfig.parse({ command: ["x"] }) });
  await web.clock.pass(60_000);
  assert.deepEqual([web.told(), web.clock.waiting], [[], 0]);
});

test("output that cannot be read is told as that", async () => {
  await using web = host(within("up"));
  mkdirSync(web.path());
  web.bus.publish(started("web"));
  await web.pass(1000);
  const [{ data } = assert.fail()] = web.told();
  assert.ok("because" in data && data.because === "unreadable" && "reason" in data);
  assert.match(String(data.reason), /EISDIR/);
});
