import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TestAgent } from "../helpers/agent.js";
import { until } from "../helpers/until.js";
import { needs } from "./tools.js";

/** Each hook says that it runs, and waits until it is told to go on. */
const hook = (name: string): string =>
  `{command: [sh, -c, "touch DIR/${name}; until [ -e DIR/${name}.go ]; do sleep 0.05; done"]}`;

const config = `agent: {data_dir: ./data, backups: {min_free: 1MiB}}
http: {listen: "127.0.0.1:0"}
services:
  web:
    command: [sleep, "1000"]
    backups:
      - {name: data, paths: [state], verify: {after: false}, before: ${hook("before")}, after: ${hook("after")}}
`;

/** Progress is told from a second on. */
const toldAfterMs = 1000;

/** An agent with a backup that waits before its files are read, and after that. */
class Slow implements AsyncDisposable {
  readonly agent = TestAgent.prepare(config);

  at(name: string): string {
    return join(this.agent.directory, name);
  }

  async begin(): Promise<void> {
    mkdirSync(this.at("state"));
    writeFileSync(this.at("state/one"), "one");
    await this.agent.run();
    await this.agent.ready("web");
  }

  /** Lets it read its files when it has taken so long that its progress is told; resolves when they are read. */
  async read(): Promise<void> {
    await until(() => existsSync(this.at("before")), "it is at rest");
    const atMs = performance.now();
    await until(() => performance.now() - atMs > toldAfterMs, "progress is told");
    writeFileSync(this.at("before.go"), "");
    await until(() => existsSync(this.at("after")), "its files are read");
  }

  end(): void {
    writeFileSync(this.at("after.go"), "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent[Symbol.asyncDispose]();
  }
}

test(
  "on a terminal a bar shows how far a backup is, and is gone when it is made; elsewhere there is none",
  needs("script"),
  async () => {
    await using slow = new Slow();
    await slow.begin();
    const { agent } = slow;
    const words = [process.execPath, ...agent.words("backup", "create", "data")].map((word) => `'${word}'`).join(" ");
    const child = spawn("script", ["-qefc", `stty cols 40; exec ${words}`, "/dev/null"], {
      env: agent.env,
      cwd: agent.directory,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    await slow.read();
    await until(() => /\r\[#* *\] +\d+ % \w+ */.test(out), "there is a bar");
    assert.doesNotMatch(out, /web\.data\./);
    slow.end();
    const [code] = (await once(child, "exit")) as [number | null];
    assert.equal(code, 0, out);
    await until(() => /stored in .*\r\n$/.test(out), "all of it was said");
    const [bars = "", ...last] = out.split(/(?=web\.data\.)/);
    assert.ok(
      bars.split("\r").every((line) => line.length < 40),
      bars,
    );
    assert.match(bars, /\r +\r$/);
    assert.match(last.join(""), /^web\.data\.\w+: 1 files?, 3 B, stored in [^\r]*\r\n$/);

    for (const name of ["before", "before.go", "after", "after.go"]) rmSync(slow.at(name));
    const told = async (): Promise<number> => (await agent.events("backup.progressed")).length;
    const before = await told();
    const plain = agent.ostler("backup", "create", "data");
    await slow.read();
    await until(async () => (await told()) > before, "progress was told");
    slow.end();
    const { stdout, stderr } = await plain;
    assert.equal(stderr, "");
    assert.match(stdout, /^web\.data\.\S+: 1 files?, 3 B, stored in .*\n$/);
  },
);
