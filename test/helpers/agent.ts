import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Envelope, HostState } from "@ostler/protocol";
import { until } from "./until.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const launcher = join(root, "packages/agent/bin/ostler.cjs");
/** The flags of the launcher's first line, with the node that runs the tests. */
const flags = (readFileSync(launcher, "utf8").split("\n")[0] ?? "").split(" ").filter((word) => word.startsWith("--"));
const ostler = [process.execPath, ...flags, launcher];

/** The test services, see test/fixtures/services. */
export function fixture(name: string): string {
  return join(root, "test/fixtures/services", name);
}

export type Ran = { code: number; stdout: string; stderr: string };

/** A real agent in a directory of its own, started as users start it. Disposing it ends the agent and all of its services. */
export class TestAgent implements AsyncDisposable {
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  /** Where its data directory is seen from here, and the program through which it is started to see it there itself. */
  place: { data: string; wrapper: readonly string[] };
  #process: ChildProcess | undefined;
  #output = "";

  /** Writes the configuration and starts the agent; resolves when it answers on its control socket. */
  static async start(config: string, options: { env?: NodeJS.ProcessEnv } = {}): Promise<TestAgent> {
    const agent = TestAgent.prepare(config, options);
    try {
      await agent.run();
      return agent;
    } catch (failure) {
      await agent[Symbol.asyncDispose]();
      throw failure;
    }
  }

  /** Only writes the configuration. `DIR` in it stands for the directory of the test. */
  static prepare(config: string, { env = {} }: { env?: NodeJS.ProcessEnv } = {}): TestAgent {
    const agent = new TestAgent(mkdtempSync(join(tmpdir(), "ostler-test-")), env);
    agent.configure(config);
    return agent;
  }

  private constructor(directory: string, env: NodeJS.ProcessEnv) {
    this.directory = directory;
    this.place = { data: join(directory, "data"), wrapper: [] };
    this.env = { ...process.env, NO_COLOR: "1", ...env };
  }

  get configFile(): string {
    return join(this.directory, "ostler.yaml");
  }

  get socket(): string {
    return join(this.place.data, "ostler.sock");
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Everything the agent printed and logged. */
  get output(): string {
    return this.#output;
  }

  /** Replaces the configuration file; a text that begins with neither `agent:` nor a comment gets the usual beginning. */
  configure(config: string): void {
    const text = config.replaceAll(/\bDIR\b/g, this.directory);
    writeFileSync(
      this.configFile,
      /^(agent:|#)/.test(text) ? text : `agent: {data_dir: ./data}\nhttp: {listen: "127.0.0.1:0"}\n${text}`,
    );
  }

  /** Starts the agent's process; resolves when it answers. */
  async run(): Promise<void> {
    this.spawn();
    await until(() => this.get("/health"), "the agent answers");
  }

  spawn(): ChildProcess {
    return this.spawnIn(this.place.wrapper);
  }

  /** Starts the agent's process through another program, which must end by executing its arguments. */
  spawnIn(wrapper: readonly string[]): ChildProcess {
    const [program, ...args] = [...wrapper, ...ostler, "run", "-c", this.configFile];
    const child = spawn(program, args, { env: this.env, cwd: this.directory, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.on("data", (chunk: Buffer) => (this.#output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (this.#output += chunk.toString()));
    this.#process = child;
    return child;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** Ends the agent's process, not its services. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const child = this.#process;
    this.#process = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const exited = once(child, "exit") as Promise<[number | null]>;
    child.kill(signal);
    return (await exited)[0];
  }

  /** The command line, against this agent. */
  async ostler(...args: string[]): Promise<Ran> {
    return new Promise((resolve) => {
      const [program = "", ...before] = [...this.place.wrapper, ...ostler];
      execFile(
        program,
        [...before, "-c", this.configFile, ...args],
        { env: this.env, cwd: this.directory, maxBuffer: 64 * 1024 * 1024 },
        (failure, stdout, stderr) => resolve({ code: failure ? Number(failure.code ?? 1) : 0, stdout, stderr }),
      );
    });
  }

  /** What node is given to run the command line against this agent, for who wants to see what it prints as it comes. */
  words(...args: string[]): string[] {
    return [...ostler.slice(1), "-c", this.configFile, ...args];
  }

  /** The body of an answer on the control socket, as JSON where it is. */
  async get(path: string, headers: Record<string, string> = {}): Promise<unknown> {
    const { request } = await import("node:http");
    return new Promise((resolve, reject) => {
      const sent = request({ socketPath: this.socket, path, headers, agent: false }, (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => (text += chunk.toString()));
        response.on("end", () =>
          resolve(
            response.headers["content-type"]?.includes("json") && !response.headers["content-type"].includes("ndjson")
              ? JSON.parse(text)
              : text,
          ),
        );
      });
      sent.on("error", reject);
      sent.end();
    });
  }

  /** Sends a command over the control socket; resolves with the status of the answer when the command has ended. */
  async command(name: string, args: Record<string, unknown>): Promise<number> {
    const { request } = await import("node:http");
    return new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json" };
      const sent = request(
        { socketPath: this.socket, path: "/v1/commands?wait", method: "POST", headers, agent: false },
        (response) => {
          response.resume();
          response.on("error", reject);
          response.on("end", () => resolve(response.statusCode ?? 0));
        },
      );
      sent.on("error", reject);
      sent.end(JSON.stringify({ name, args }));
    });
  }

  async state(): Promise<HostState> {
    return (await this.get("/v1/state")) as HostState;
  }

  /** Pid of a process that runs; waits for it. */
  async pidOf(service: string, process = "main"): Promise<number> {
    return until(async () => {
      const phase = (await this.state()).services[service]?.processes[process]?.phase;
      return phase?.name === "running" ? phase.pid : 0;
    }, `${service}/${process} runs`);
  }

  async isReady(service: string): Promise<boolean> {
    return (await this.state()).services[service]?.ready ?? false;
  }

  async ready(service: string): Promise<void> {
    await until(() => this.isReady(service), `${service} is ready`);
  }

  /** Every event in the journal. */
  async events(type = "*"): Promise<Envelope[]> {
    const text = (await this.get(`/v1/events?type=${type}`)) as string;
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Envelope);
  }

  /** Address of a TCP listener. */
  async url(listener: "main" | "probes" = "main"): Promise<string> {
    const { http } = (await this.get("/healthz")) as { http: Record<string, string> };
    return http[listener] ?? "";
  }

  /** Pids of every process that carries a mark of this agent, wherever it is. */
  servicePids(): number[] {
    const idFile = join(this.place.data, "agent.id");
    const id = existsSync(idFile) ? readFileSync(idFile, "utf8").trim() : "none";
    return pidsMarked(`OSTLER_RUN=${id}/`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
    endServices(this.place.data);
    await until(() => {
      const left = [...this.servicePids(), ...keepersBelow(this.directory)];
      for (const pid of left) kill(pid);
      return left.length === 0;
    }, "nothing is left of the services");
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 20 });
  }
}

/** Ends what still runs by the records in a run directory: also services that overwrite their environment. */
export function endServices(runDir: string): void {
  const runs = join(runDir, "runs");
  if (!existsSync(runs)) return;
  const names = readdirSync(runs, { recursive: true }).map(String);
  for (const name of names) {
    const [, pid, ticks] = /\.started\.(\d+)\.(\d+)$/.exec(name) ?? [];
    if (pid === undefined || startTicksOf(Number(pid)) !== Number(ticks)) continue;
    kill(-Number(pid));
    kill(Number(pid)); // Its start is recorded before it leads a group, and before it carries its mark.
  }
}

/** When a process started, in ticks since the kernel did; with its pid this names one process for good. */
function startTicksOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  } catch {
    return undefined;
  }
}

/** Pids of all processes whose environment contains a text. */
export function pidsMarked(text: string): number[] {
  return pidsWith("environ", text);
}

/** Pids of keepers whose records lie below a directory: they would write one more while it is removed. */
function keepersBelow(directory: string): number[] {
  return pidsWith("cmdline", `\0ostler-keeper\0${directory}/`);
}

function pidsWith(file: "environ" | "cmdline", text: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/${file}`, "latin1").includes(text);
      } catch {
        return false;
      }
    });
}

export function kill(pid: number, signal: NodeJS.Signals = "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== "ESRCH") throw failure;
  }
}
