import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { runChild, type ChildEnd, type ChildSpec } from "./child.js";
import { until } from "../testing/until.js";
import { statOf, type Identity } from "./proc.js";
import { sendSignal } from "./tree-end.js";

const never = new AbortController().signal;

/** Runs a script of the shell; whoever is left in its group is killed. */
function run(script: string, signal = never, more: Partial<ChildSpec> = {}): Promise<ChildEnd> {
  const env = { PATH: process.env.PATH ?? "" };
  const endAll = ({ pid }: Identity): void => sendSignal(-pid, "SIGKILL");
  return runChild({ command: ["sh", "-c", script], cwd: "/", env, keptBytes: 1000, endAll, ...more }, signal);
}

/** In short: how it ended and what it wrote. */
async function tell(running: Promise<ChildEnd>): Promise<string> {
  const end = await running;
  if (!end.started) return `not started: ${end.reason}`;
  const { exit, stopped, stdout, stderr } = end;
  const how = exit.kind === "code" ? exit.code : exit.kind === "signal" ? exit.signal : exit.reason;
  return `${how}${stopped ? " stopped" : ""} [${stdout.text.trim()}] [${stderr.text.trim()}]`;
}

test("a child that ends tells how, and what it wrote on each stream", async () => {
  assert.equal(await tell(run("echo out; echo err >&2")), "0 [out] [err]");
  assert.equal(await tell(run("echo out; exit 3")), "3 [out] []");
  assert.equal(await tell(run("echo dying >&2; kill -SEGV $$")), "SIGSEGV [] [dying]");
});

test("a child has no input, a session of its own, and the directory and environment it was given", async () => {
  const env = { PATH: process.env.PATH ?? "", MINE: "m" };
  assert.equal(await tell(run("cat; pwd; echo $MINE$HOME", never, { cwd: "/usr", env })), "0 [/usr\nm] []");
  const end = await run("echo $$; cut -d' ' -f6 /proc/$$/stat");
  const [pid, session] = end.started ? end.stdout.text.split("\n") : [];
  assert.equal(pid, session);
});

test("a program that cannot be started says why", async () => {
  assert.match(await tell(run("", never, { command: ["/does/not/exist"] })), /^not started: .*ENOENT/);
  assert.match(await tell(run("", never, { command: ["/etc"] })), /^not started: .*EACCES/);
  assert.match(await tell(run("", never, { cwd: "/does/not/exist" })), /^not started: .*ENOENT/);
});

test("a child that is withdrawn before it began does not begin", async () => {
  assert.equal(await tell(run("exit 0", AbortSignal.abort())), "not started: it was withdrawn before it began");
});

test("a child that is withdrawn is ended, and what it wrote until then is told", async () => {
  const stop = new AbortController();
  const endAll = ({ pid }: Identity): void => sendSignal(-pid, "SIGKILL");
  const trapped = once(process, "SIGWINCH");
  const running = run("echo before; trap '' TERM; kill -WINCH $PPID; sleep 1000", stop.signal, { endAll });
  await trapped;
  stop.abort();
  assert.equal(await tell(running), "SIGKILL stopped [before] []");
});

test("whoever a child leaves behind is ended with it", async () => {
  const end = await run("sleep 1000 & echo $!");
  const left = Number(end.started ? end.stdout.text : "");
  assert.ok(left > 1);
  await until(() => statOf(left)?.ended !== false, "it has ended");
});

test("whoever escapes with the streams does not hold up the end", async () => {
  const end = await run("setsid sleep 1000 & echo $!");
  assert.ok(end.started);
  const { exit, stdout } = end;
  assert.deepEqual(exit, { kind: "code", code: 0 });
  sendSignal(Number(stdout.text), "SIGKILL");
});

test("a signal that lives on has no listener of a child that has ended", async () => {
  const stop = new AbortController();
  let listening = 0;
  const add = stop.signal.addEventListener.bind(stop.signal);
  const remove = stop.signal.removeEventListener.bind(stop.signal);
  stop.signal.addEventListener = (type: string, listener: () => void) => (listening++, add(type, listener));
  stop.signal.removeEventListener = (type: string, listener: () => void) => (listening--, remove(type, listener));
  await run("exit 0", stop.signal);
  assert.equal(listening, 0);
});
