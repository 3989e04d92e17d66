import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogQuery } from "../../core/log-query.js";
import { aborted } from "../../testing/aborted.js";
import { openGround, type Ground } from "../../testing/controllers-sink.js";
import { welcomed } from "../../testing/raw-controller.js";
import { until } from "../../testing/until.js";

/** Lines as they are written, to whoever reads; counts the readers. */
function lines(): { read: Ground["logs"]; readers: () => number } {
  let readers = 0;
  const read: Ground["logs"] = async function* ({ service, last }, signal) {
    readers++;
    try {
      for (let n = 1; n <= Number(last); n++) yield { text: `${service} ${n}` };
      await aborted(signal).catch(() => undefined);
    } finally {
      readers--;
    }
  };
  return { read, readers: () => readers };
}

test("lines come to the stream that was opened, until it is closed", async () => {
  const { read, readers } = lines();
  await using ground = await openGround({ logs: read });
  await using met = await welcomed(ground);
  met.controller.send({ t: "logs_open", id: "l", service: "vcon", last: 2 });
  assert.deepEqual(await met.controller.next("logs"), {
    t: "logs",
    id: "l",
    lines: [{ text: "vcon 1" }],
    dropped: 0,
  });
  assert.deepEqual((await met.controller.next("logs")).lines, [{ text: "vcon 2" }]);
  assert.equal(readers(), 1);
  met.controller.send({ t: "logs_close", id: "l" });
  await until(() => readers() === 0, "nobody reads");
});

test("a stream that is opened again takes the place of the first, and can be closed", async () => {
  const { read, readers } = lines();
  await using ground = await openGround({ logs: read });
  await using met = await welcomed(ground);
  for (let n = 0; n < 20; n++) met.controller.send({ t: "logs_open", id: "l", service: `s-${n}`, last: 1 });
  await until(
    () => readers() === 1 && met.controller.pending("logs").some(({ lines }) => JSON.stringify(lines).includes("s-19")),
    "the last is open",
  );
  assert.deepEqual(met.controller.pending("error"), []);
  met.controller.send({ t: "logs_close", id: "l" });
  await until(() => readers() === 0, "nobody reads");
});

test("a stream that cannot be opened is an answer to its sender, and no fault", async () => {
  const read = (): never => {
    throw new Error("there is no such service");
  };
  await using ground = await openGround({ logs: read });
  await using met = await welcomed(ground);
  for (let n = 0; n < 20; n++) {
    met.controller.send({ t: "logs_open", id: `l-${n}`, service: "gone" });
    assert.equal((await met.controller.next("error")).ref, `l-${n}`);
  }
  assert.deepEqual(ground.told("controller.faulted"), []);
});

test("eight streams may be open in a session", async () => {
  const { read, readers } = lines();
  await using ground = await openGround({ logs: read });
  await using met = await welcomed(ground);
  for (let n = 0; n < 9; n++) met.controller.send({ t: "logs_open", id: `l-${n}`, service: "vcon" });
  const { code, ref } = await met.controller.next("error");
  assert.deepEqual({ code, ref }, { code: "busy", ref: "l-8" });
  assert.equal(readers(), 8);
});

test("nobody reads logs for a session that has ended", async () => {
  const { read, readers } = lines();
  await using ground = await openGround({ logs: read });
  {
    await using met = await welcomed(ground);
    met.controller.send({ t: "logs_open", id: "l", service: "vcon", last: 1 });
    await met.controller.next("logs");
  }
  await until(() => readers() === 0, "nobody reads");
});

test("what is wanted of the lines is asked of the services, and a time that is none is refused", async () => {
  const asked: LogQuery[] = [];
  const read: Ground["logs"] = (query) => {
    asked.push(query);
    return (async function* () {})();
  };
  await using ground = await openGround({ logs: read });
  await using met = await welcomed(ground);
  const wanted = { process: "api", source: "app", grep: "x", ignore_case: true, level: "error" as const };
  const since = "2026-11-21T10:00:00Z";
  met.controller.send({ t: "logs_open", id: "a", service: "web", ...wanted, since });
  met.controller.send({ t: "logs_open", id: "b", last: 3, since });
  met.controller.send({ t: "logs_open", id: "c", service: "web", since: "soon" });
  const { code, ref } = await met.controller.next("error");
  assert.deepEqual({ code, ref }, { code: "bad-request", ref: "c" });
  const sinceMs = Date.parse(since);
  const its = { process: "api", source: "app", grep: "x", ignoreCase: true, level: "error" };
  assert.deepEqual(asked, [
    { service: "web", ...its, sinceMs, follow: true },
    { sinceMs, last: 3, follow: true },
  ]);
});
