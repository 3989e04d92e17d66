import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { getPriority } from "node:os";
import { test } from "node:test";
import { processConfig } from "../../config/processes.js";
import { tempDir } from "../../testing/temp-dir.js";
import { unprivileged } from "../../testing/unprivileged.js";
import { hostDatabases } from "../../platform/accounts.js";
import { confine } from "./confine.js";
import { preflight } from "./preflight.js";

const config = (more: object): ReturnType<typeof processConfig.parse> =>
  processConfig.parse({ command: ["true"], cwd: "/", ...more });

const agent = { PATH: process.env.PATH, HOME: "/root", XDG_RUNTIME_DIR: "/run/user/0" };

/** Why a process with these settings cannot be started; empty when it can. */
function whyNot(more: object): string {
  const verdict = preflight(config(more), agent);
  return "reason" in verdict ? verdict.reason : "";
}

/** What a shell script prints when it is started with these settings. */
function prints(script: string, more: object): string {
  const ready = preflight(config({ command: ["sh", "-c", script], ...more }), agent);
  if ("reason" in ready) assert.fail(ready.reason);
  const [program = "", ...args] = ready.command;
  return spawnSync(program, args, { cwd: ready.cwd, env: ready.env, encoding: "utf8" }).stdout.trim();
}

test("a process without limits is its program, and nothing in front of it", () => {
  const ready = preflight(config({ command: ["/bin/true", "x"] }), agent);
  assert.deepEqual("command" in ready && ready.command, ["/bin/true", "x"]);
});

test("a process has the limits of its configuration, soft and hard", () => {
  const limits = { open_files: 100, core: 0, file_size: "1MiB", cpu_time: "1m", address_space: "1GiB", stack: "4MiB" };
  const script = "for one in n c f t v s; do ulimit -S$one; ulimit -H$one; done";
  const kib = [100, 0, 2048, 60, 1024 ** 2, 4096]; // The shell counts files and cores in blocks of 512 bytes.
  assert.equal(prints(script, { limits }), kib.flatMap((value) => [value, value]).join("\n"));
});

test("niceness is what is configured, whatever the agent's own is", () => {
  assert.equal(prints("nice", { nice: 19 }), "19");
  assert.equal(prints("nice", { nice: getPriority() }), String(getPriority()));
});

test("a process that may not gain privileges cannot", () => {
  assert.equal(prints("grep NoNewPrivs /proc/self/status", { no_new_privileges: true }), "NoNewPrivs:\t1");
});

test("a user or group that does not exist is told", () => {
  assert.match(whyNot({ user: "nobody-here" }), /There is no user "nobody-here" on this host/);
  assert.match(whyNot({ group: "nobody-here" }), /There is no group "nobody-here" on this host/);
  assert.match(whyNot({ groups: ["nobody-here"] }), /There is no group "nobody-here" on this host/);
});

test("a number that belongs to nobody needs a group", () => {
  assert.match(whyNot({ user: 4711 }), /User 4711 is in no database .* Set group as well\.$/);
});

test("a limit above what the agent itself has is told, without a half-hearted start", () => {
  assert.match(
    unprivileged(() => whyNot({ nice: -20 })),
    /^It cannot be confined as configured: \S*nice: cannot set niceness: Permission denied\./,
  );
  assert.match(whyNot({ limits: { open_files: 2_000_000_000 } }), /prlimit: failed to set the NOFILE resource limit/);
});

test("a limit that leaves no room for a program to begin is told", () => {
  assert.match(whyNot({ limits: { address_space: "64KiB" } }), /^It cannot be confined as configured: /);
});

test("a missing program is told with the package that has it", () => {
  using dir = tempDir();
  const missing = (more: object): string => {
    const confined = confine(config(more), { databases: hostDatabases, searchPath: dir.path });
    return "reason" in confined ? confined.reason : "";
  };
  assert.match(missing({ limits: { core: 0 } }), /^prlimit\(1\) is missing, .*: install util-linux\.$/);
  assert.match(missing({ no_new_privileges: true }), /^setpriv\(1\) is missing, .*: install util-linux\.$/);
  assert.match(missing({ nice: 19 }), /^nice\(1\) is missing, .*: install coreutils\.$/);
  assert.equal(missing({}), "");
});

test("a program or directory that is missing is told as before", () => {
  assert.match(whyNot({ command: ["no-such-program"], nice: 19 }), /"no-such-program" is not in PATH/);
  assert.match(whyNot({ cwd: "/does/not/exist" }), /does not exist or cannot be entered/);
});

test("what cannot be started says of which kind that is", () => {
  using dir = tempDir();
  dir.write("plain", "text", 0o644);
  dir.write("script", "#!/does/not/exist\n", 0o755);
  const kindOf = (more: object): string => {
    const verdict = preflight(config(more), agent);
    return "reason" in verdict ? verdict.kind : "";
  };
  const kinds: [string, object][] = [
    ["not-found", { command: ["no-such-program"] }],
    ["not-found", { command: ["/does/not/exist"] }],
    ["not-executable", { command: [dir.at("plain")] }],
    ["no-interpreter", { command: [dir.at("script")] }],
    ["bad-cwd", { cwd: "/does/not/exist" }],
    ["no-user", { user: "nobody-here" }],
    ["limits", { limits: { open_files: 2_000_000_000 } }],
    ["", {}],
  ];
  for (const [kind, more] of kinds) assert.equal(kindOf(more), kind, JSON.stringify(more));
  const env_file = [{ path: dir.at("none"), optional: false }];
  assert.equal((preflight({ ...config({}), env_file }, agent) as { kind: string }).kind, "environment");
});

test("variables come from files, which win over env, and the last over the first", () => {
  using dir = tempDir();
  const files = [
    { path: dir.write("a", "ONE=a\nTWO=a\nTHREE=a\n"), optional: false },
    { path: dir.write("b", "THREE=b"), optional: false },
    { path: dir.at("none"), optional: true },
  ];
  const ready = preflight({ ...config({ env: { ZERO: "env", ONE: "env" } }), env_file: files }, agent);
  const { ZERO, ONE, TWO, THREE } = "env" in ready ? ready.env : {};
  assert.deepEqual([ZERO, ONE, TWO, THREE], ["env", "a", "a", "b"]);
});

test("no reason shows a value of a file", () => {
  using dir = tempDir();
  const env_file = [{ path: dir.write("secrets", "PATH=/s3cret\nTOKEN=s3cret"), optional: false }];
  const verdict = preflight({ ...config({ command: ["no-such-program"] }), env_file }, agent);
  assert.deepEqual(verdict, {
    kind: "not-found",
    reason: '"no-such-program" is not in the PATH that env_file sets. Give its full path, or correct the file.',
  });
  const torn = preflight(
    { ...config({}), env_file: [{ path: dir.write("torn", "A='s3cret"), optional: false }] },
    agent,
  );
  assert.ok("reason" in torn && !torn.reason.includes("s3cret"));
});
