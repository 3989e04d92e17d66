import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { OstlerError } from "@ostler/protocol";
import { systemClock } from "../../core/clock.js";
import { tempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { runRestic, type ResticCall } from "./run-restic.js";
import { resticTroubleOf, type ResticEnd } from "./trouble.js";

const never = new AbortController().signal;
const usual = process.env.PATH ?? "";

/** Runs a script of the shell in the place of restic. */
async function run(script: string, call: Partial<ResticCall> = {}, signal = never): Promise<ResticEnd> {
  using dir = tempDir();
  dir.write("restic", `#!/bin/sh\n${script}\n`, 0o755);
  const access = { repository: "rest:http://me:secret@host/", passwordFile: "/pw", env: { KEY: "hunter22" } };
  const deps = { clock: systemClock, env: { PATH: `${dir.path}:${usual}` }, cacheDir: "/cache" };
  return await runRestic(access, { args: ["snapshots"], ...call }, deps, signal);
}

async function failing(running: Promise<unknown>): Promise<OstlerError> {
  return running.then(
    () => assert.fail("it succeeded"),
    (thrown: unknown) => OstlerError.from(thrown),
  );
}

test("restic has its repository and password by its environment, its input, and low priority", async () => {
  const lines: string[] = [];
  const script = 'echo "$@"; echo $RESTIC_REPOSITORY $RESTIC_PASSWORD_FILE $RESTIC_CACHE_DIR $KEY; cat; nice';
  const { code, said } = await run(script, { input: "a\n", line: (line) => lines.push(line) });
  assert.deepEqual([code, said], [0, []]);
  assert.deepEqual(lines.slice(0, 3), ["snapshots", "rest:http://me:secret@host/ /pw /cache hunter22", "a"]);
  assert.ok(Number(lines[3]) >= 10 || usual === "", "it is nice");
});

test("what it complains of is told without secrets", async () => {
  const { code, said } = await run("echo no $RESTIC_REPOSITORY with $KEY >&2; exit 1");
  assert.deepEqual([code, said], [1, ["no the repository with [redacted]"]]);
});

test("where there is no restic, it is told what to install", async () => {
  using dir = tempDir();
  const deps = { clock: systemClock, env: { PATH: dir.path }, cacheDir: "/cache" };
  const failure = await failing(runRestic({ repository: "r", passwordFile: "p", env: {} }, { args: [] }, deps, never));
  assert.equal(resticTroubleOf(failure), "no-program");
  assert.match(failure.message, /apt install restic/);
});

test("when nobody waits any more it is interrupted, and nothing of it is left", async () => {
  using dir = tempDir();
  const stop = new AbortController();
  const script = `trap 'echo int > ${dir.at("end")}; exit 130' INT; echo $$ > ${dir.at("pid")}; setsid sleep 1000 & wait`;
  const running = failing(run(script, {}, stop.signal));
  const pid = await until(() => existsSync(dir.at("pid")) && readFileSync(dir.at("pid"), "utf8").trim(), "it runs");
  stop.abort();
  assert.equal((await running).code, "cancelled");
  assert.equal(readFileSync(dir.at("end"), "utf8"), "int\n");
  assert.equal(existsSync(`/proc/${pid}`), false);
});

test("what a listener throws ends it, and is thrown", async () => {
  const line = (): void => {
    throw new OstlerError("failed", "not understood");
  };
  assert.equal((await failing(run("echo x; exec sleep 1000", { line }))).message, "not understood");
});

test("when the agent is killed, it is interrupted, too", async () => {
  using dir = tempDir();
  dir.write(
    "restic",
    `#!/bin/sh\ntrap 'kill $!; echo int > ${dir.at("end")}; exit 130' INT\nsleep 1000 & echo > ${dir.at("ready")}\nwait\n`,
    0o755,
  );
  const script = `
    import { runRestic } from ${JSON.stringify(new URL("run-restic.js", import.meta.url).href)};
    import { systemClock } from ${JSON.stringify(new URL("../../core/clock.js", import.meta.url).href)};
    const deps = { clock: systemClock, env: process.env, cacheDir: "/cache" };
    await runRestic({ repository: "r", passwordFile: "p", env: {} }, { args: [] }, deps, new AbortController().signal);`;
  const env = { ...process.env, PATH: `${dir.path}:${usual}` };
  const agent = spawn(process.execPath, ["--input-type=module", "-e", script], { env, stdio: "ignore" });
  await until(() => existsSync(dir.at("ready")), "it runs");
  agent.kill("SIGKILL");
  await until(() => existsSync(dir.at("end")), "it was interrupted");
});
