import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { test } from "node:test";
import type { Envelope, HostState } from "@ostler/protocol";
import { kill, TestAgent } from "../helpers/agent.js";
import { until } from "../helpers/until.js";
import { freePort } from "../helpers/free-port.js";
import { needs, needsRoot } from "./tools.js";

/** An agent that sees its data directory on a small file system of its own, which nobody else sees. */
class Confined implements AsyncDisposable {
  readonly agent: TestAgent;
  readonly url: string;

  static async start(mount: string): Promise<Confined> {
    const port = await freePort();
    const agent = TestAgent.prepare(`agent: {data_dir: ./data, run_dir: ./data/run}
http: {listen: "127.0.0.1:${port}"}
services: {web: {command: [sleep, "600"], restart: {backoff: {initial: 0s}, crash_loop: {window: 0s}}}}
`);
    const confined = new Confined(agent, `http://127.0.0.1:${port}`);
    agent.spawnIn([
      "unshare",
      "--mount",
      "--propagation",
      "private",
      "sh",
      "-c",
      `mkdir -p data; ${mount}; exec "$@"`,
      "sh",
    ]);
    await until(async () => (await fetch(`${confined.url}/health`)).ok);
    return confined;
  }

  private constructor(agent: TestAgent, url: string) {
    this.agent = agent;
    this.url = url;
  }

  async state(): Promise<HostState> {
    return (await (await fetch(`${this.url}/v1/state`)).json()) as HostState;
  }

  async events(): Promise<Envelope[]> {
    const text = await (await fetch(`${this.url}/v1/events`)).text();
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Envelope);
  }

  /** Runs a shell command where the agent is. */
  inside(script: string): void {
    execFileSync(
      "nsenter",
      ["--target", String(this.agent.pid), "--mount", "sh", "-c", `cd ${this.agent.directory}; ${script}`],
      { stdio: "ignore" },
    );
  }

  async pid(): Promise<number> {
    return until(async () => {
      const phase = (await this.state()).services.web?.processes.main?.phase;
      return phase?.name === "running" ? phase.pid : 0;
    });
  }

  /** Kills the service; resolves with the pid that came after it. */
  async crash(): Promise<number> {
    const before = await this.pid();
    kill(before);
    return until(async () => {
      const now = await this.pid();
      return now === before ? 0 : now;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    kill((await this.pid().catch(() => 0)) || 2 ** 22);
    await this.agent[Symbol.asyncDispose]();
  }
}

const options = { ...needs("unshare", "nsenter", "mount"), ...needsRoot() };

test(
  "on a full disk supervision goes on, the agent says so, and loses no event when there is room again",
  options,
  async () => {
    await using host = await Confined.start("mount -t tmpfs -o size=400k tmpfs data");
    let crashes = 0;
    const crash = async (): Promise<void> => {
      await host.crash();
      crashes++;
    };
    await crash();
    host.inside("head -c 10000000 /dev/zero > data/filler || true");
    await until(async () => {
      await crash(); // The journal's last block has room for a few events still.
      return ((await host.state()).agent.degraded.journal ?? "").includes("ENOSPC");
    }, "the journal's disk is full");
    for (let more = 0; more < 5; more++) await crash();
    assert.equal(((await (await fetch(`${host.url}/healthz`)).json()) as { status: string }).status, "degraded");
    assert.equal(await (await fetch(`${host.url}/health`)).text(), "OK\n");
    host.inside("rm data/filler");
    await until(async () => (await host.state()).agent.degraded.journal === undefined, "the journal is whole again");
    const events = await until(async () => {
      const all = await host.events();
      return all.some(({ type }) => type === "ostler.agent.recovered") ? all : undefined;
    });
    assert.deepEqual(
      events.map(({ sequence }) => Number(sequence)),
      events.map((_, at) => at + 1),
    );
    assert.equal(events.filter(({ type }) => type === "ostler.service.restarted").length, crashes);
  },
);

test("on a read-only disk supervision goes on, and the next agent finds the service again", options, async () => {
  const readOnly = "mount -t tmpfs tmpfs data; mount -o remount,ro data";
  await using host = await Confined.start(readOnly);
  const { degraded } = (await host.state()).agent;
  assert.match(degraded.journal ?? "", /Cannot store anything in .*kept in memory/);
  const [, instead = ""] =
    /cannot be written .*; using (\/tmp\/ostler-0-[0-9a-f]+)$/.exec(degraded.run_dir ?? "") ?? [];
  assert.notEqual(instead, "");
  const pid = await host.crash();
  await host.agent.end("SIGKILL");
  host.agent.spawnIn(["unshare", "--mount", "--propagation", "private", "sh", "-c", `${readOnly}; exec "$@"`, "sh"]);
  await until(async () => (await fetch(`${host.url}/health`)).ok);
  assert.equal(await host.pid(), pid);
  await host.agent.end("SIGKILL");
  rmSync(instead, { recursive: true });
  kill(pid);
});
