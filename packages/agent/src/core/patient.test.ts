import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../testing/until.js";
import { patiently, type Asker } from "./patient.js";

/** Something to ask whose answers come when they are told to. */
function asking(asker: Asker = "checks", mountOf: (path: string) => string | undefined = () => undefined) {
  const asked: string[] = [];
  const answers = new Map<string, (text: string) => void>();
  const look = patiently(
    asker,
    (path) => {
      asked.push(path);
      return new Promise<string>((resolve) => answers.set(path, resolve));
    },
    mountOf,
  );
  return {
    asked,
    look,
    answer: async (path: string): Promise<void> => {
      (await until(() => answers.get(path), `${path} is asked`))(`of ${path}`);
      answers.delete(path);
    },
  };
}

const { signal } = new AbortController();
const byDirectory = (path: string): string => path.split("/")[1] ?? "";

test("what hangs is asked once, however many ask, and asked again when its answer has come", async () => {
  const { look, asked, answer } = asking();
  const stop = new AbortController();
  const first = look("/a", stop.signal);
  stop.abort();
  await assert.rejects(first, /the file system, or another that is looked at, has not answered for 0 s/);
  await assert.rejects(look("/a", AbortSignal.abort()), /has not answered/);
  const both = [look("/a", signal), look("/a", signal)];
  await answer("/a");
  assert.deepEqual(await Promise.all(both), ["of /a", "of /a"]);
  assert.deepEqual(asked, ["/a"]);
  const next = look("/a", signal);
  await answer("/a");
  assert.deepEqual([await next, asked], ["of /a", ["/a", "/a"]]);
});

test("what fails is asked again the next time", async () => {
  let asked = 0;
  const look = patiently(
    "checks",
    () => Promise.reject(new Error(`fault ${++asked}`)),
    () => undefined,
  );
  await assert.rejects(look("/a", signal), /fault 1/);
  await assert.rejects(look("/a", signal), /fault 2/);
});

test("of many that are asked at once two are under way, and each has its turn", async () => {
  const { look, asked, answer } = asking();
  const paths = ["/a", "/b", "/c", "/d", "/e"];
  const all = paths.map((path) => look(path, signal));
  for (const [at, path] of paths.entries()) {
    assert.ok(asked.length <= at + 2);
    await answer(path);
  }
  assert.deepEqual(await Promise.all(all), ["of /a", "of /b", "of /c", "of /d", "of /e"]);
});

test("a mount that hangs holds up no other, whoever asks about it and about how many of its files", async () => {
  const checks = asking("checks", byDirectory);
  const figures = asking("figures", byDirectory);
  const hung = [
    checks.look("/dead/1", signal),
    checks.look("/dead/2", signal),
    checks.look("/dead/3", signal),
    figures.look("/dead", signal),
  ];
  const [one, other] = [checks.look("/fine/x", signal), figures.look("/fine", signal)];
  await checks.answer("/fine/x");
  await figures.answer("/fine");
  assert.deepEqual([await one, await other], ["of /fine/x", "of /fine"]);
  assert.deepEqual([checks.asked, figures.asked], [["/dead/1", "/fine/x"], ["/fine"]]);
  for (const path of ["/dead/1", "/dead/2", "/dead/3"]) await checks.answer(path);
  await figures.answer("/dead");
  await Promise.all(hung);
});

test("checks and figures leave a turn to each other", async () => {
  const [checks, figures] = [asking("checks"), asking("figures")];
  const hung = [figures.look("/a", signal), figures.look("/b", signal), figures.look("/c", signal)];
  const check = checks.look("/x", signal);
  await checks.answer("/x");
  assert.equal(await check, "of /x");
  for (const path of ["/a", "/b", "/c"]) await figures.answer(path);
  await Promise.all(hung);
});

test("what nobody waits for any more before its turn is never asked", async () => {
  const { look, asked, answer } = asking();
  const hung = [look("/a", signal), look("/b", signal)];
  const stop = new AbortController();
  const given = [look("/c", stop.signal), look("/c", stop.signal)];
  stop.abort();
  for (const one of given) await assert.rejects(one, /has not answered/);
  const last = look("/d", signal);
  for (const path of ["/a", "/b", "/d"]) await answer(path);
  await Promise.all([...hung, last]);
  assert.deepEqual(asked, ["/a", "/b", "/d"]);
});
