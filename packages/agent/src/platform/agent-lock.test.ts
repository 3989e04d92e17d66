import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, statSync } from "node:fs";
import { test } from "node:test";
import { tempDir } from "../testing/temp-dir.js";
import { lockAgent } from "./agent-lock.js";
import { statOf } from "./proc.js";

const lockModule = new URL("./agent-lock.js", import.meta.url).href;
const program = `
  import { lockAgent } from ${JSON.stringify(lockModule)};
  try {
    lockAgent(process.argv[1]);
    console.log("locked");
    process.stdin.resume();
  } catch (failure) {
    console.log(failure.code + ": " + failure.message);
  }
`;

/** Another process that locks the directory and holds it until it is ended; what it said. */
async function another(runDir: string) {
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, runDir], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return {
    pid: child.pid ?? assert.fail(),
    said: line.toString().trim(),
    /** Killed, it cleans up nothing. */
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

test("a second agent is refused, and told which one is there", async () => {
  using dir = tempDir();
  using lock = lockAgent(dir.path);
  assert.ok(lock);
  await using second = await another(dir.path);
  assert.equal(
    second.said,
    `wrong-state: Another agent (pid ${process.pid}) uses ${dir.path}. Stop it first, or give this one another agent.run_dir.`,
  );
});

test("a second agent is refused also when its process is the older one", async () => {
  using dir = tempDir();
  await using first = await another(dir.path);
  assert.equal(first.said, "locked");
  assert.throws(() => lockAgent(dir.path), { code: "wrong-state", message: new RegExp(`pid ${first.pid}\\)`) });
  await using third = await another(dir.path);
  assert.match(
    third.said,
    new RegExp(`^wrong-state: Another agent \\(pid ${first.pid}\\)`),
    "the refused one left nothing",
  );
});

test("a second agent in the same process is refused as well", () => {
  using dir = tempDir();
  using lock = lockAgent(dir.path);
  assert.ok(lock);
  assert.throws(() => lockAgent(dir.path), { code: "wrong-state" });
  assert.equal(readdirSync(dir.at("agents")).length, 1, "the first one still has it");
});

test("a killed agent is in nobody's way", async () => {
  using dir = tempDir();
  {
    await using killed = await another(dir.path);
    assert.equal(killed.said, "locked");
  }
  using lock = lockAgent(dir.path);
  assert.ok(lock);
  assert.equal(readdirSync(dir.at("agents")).length, 1, "what it left is gone");
});

test("an agent of an earlier boot is in nobody's way, though its pid lives", () => {
  using dir = tempDir();
  {
    using lock = lockAgent(dir.path);
    assert.ok(lock);
  }
  const { startTicks } = statOf(process.ppid) ?? assert.fail();
  dir.write(`agents/00000000-0000-0000-0000-000000000000.${process.ppid}.${startTicks}`, "");
  dir.write("agents/nonsense", "");
  using lock = lockAgent(dir.path);
  assert.ok(lock);
  assert.equal(readdirSync(dir.at("agents")).length, 1);
});

test("an agent that ends makes room for the next one", async () => {
  using dir = tempDir();
  lockAgent(dir.path)[Symbol.dispose]();
  assert.deepEqual(readdirSync(dir.at("agents")), []);
  await using next = await another(dir.path);
  assert.equal(next.said, "locked");
});

test("the names of agents are for their owner's eyes", () => {
  using dir = tempDir();
  using lock = lockAgent(dir.path);
  assert.ok(lock);
  assert.equal(statSync(dir.at("agents")).mode & 0o077, 0);
});
