// One agent with many services that only sleep.
import { existsSync } from "node:fs";
import { request } from "node:http";
import { endGroup, until } from "./bench.js";
import { TestAgent } from "./of-tests.js";
import { pidsRunning } from "./proc.js";

/** Services that a bench which is killed leaves behind end by themselves. */
const sleepSeconds = 900;

/** Looked this often, a state that grows with the services costs little of what is measured. */
const lookEveryMs = 50;

/** At its end nothing of it is left: the agent, the services and their keepers end with it, whatever happened. */
export class Herd implements AsyncDisposable {
  readonly #agent: TestAgent;
  readonly #services: readonly string[];

  constructor(size: number) {
    this.#services = Array.from({ length: size }, (_, at) => `s${at}`);
    const services = this.#services.map((name) => `${name}: {command: [sleep, "${sleepSeconds}"]}`);
    this.#agent = TestAgent.prepare(
      `agent: {data_dir: ./data, log: {output: ./log}}\nhttp: {listen: "off"}\nservices: {${services.join(", ")}}\n`,
    );
  }

  get agentPid(): number {
    return this.#agent.pid;
  }

  /** Starts the agent; says how long it took from its exec until it told this event of every service. */
  async exec(type: "service.ready" | "service.adopted"): Promise<number> {
    const atMs = Date.now();
    this.#agent.spawn();
    const told = await until(async () => {
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
      const events = await this.#agent.events(type).catch(() => []);
      const times = events.map(({ time }) => Date.parse(time)).filter((time) => time >= atMs);
      return times.length >= this.#services.length ? times : undefined;
    }, 120_000);
    return Math.max(...told) - atMs;
  }

  /** Ends the agent alone: its services run on. */
  async kill(): Promise<void> {
    await this.#agent.end("SIGKILL");
  }

  /** The pids of the services, in their order. */
  async pids(): Promise<number[]> {
    const { services } = await this.#agent.state();
    return this.#services.map((name) => {
      const phase = services[name]?.processes.main?.phase;
      if (phase?.name !== "running") throw new Error(`${name} does not run`);
      return phase.pid;
    });
  }

  /** The pids of the keepers: each has the path of its records among its arguments. */
  keepers(): number[] {
    return pidsRunning(`ostler-keeper\0${this.#agent.directory}/`);
  }

  /** Stops every service by a command of its own, so many at a time; says how long it took until none and no keeper was left. */
  async stop(atATime: number): Promise<number> {
    const pids = await this.pids();
    const all = [...pids, ...this.keepers()];
    const waiting = this.#services.values();
    const startMs = performance.now();
    const worker = async (): Promise<void> => {
      for (const service of waiting) await this.#command("service.stop", { service });
    };
    await Promise.all(Array.from({ length: atATime }, worker));
    await until(() => all.every((pid) => !existsSync(`/proc/${pid}`)));
    return performance.now() - startMs;
  }

  /** A keeper whose service has not begun yet lets it begin: looked again and again, none is left out. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.end("SIGKILL");
    await until(() => {
      this.#agent.servicePids().forEach(endGroup);
      return this.keepers().length === 0;
    });
    await this.#agent[Symbol.asyncDispose]();
  }

  /** Sends a command over the control socket and waits for its result. */
  #command(name: string, args: Record<string, unknown>): Promise<void> {
    return new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json", host: "localhost" };
      const path = "/v1/commands?wait";
      const sent = request(
        { socketPath: this.#agent.socket, method: "POST", path, headers, agent: false },
        (response) => {
          let text = "";
          response.on("data", (chunk: Buffer) => (text += chunk.toString()));
          response.on("end", () =>
            text.includes('"succeeded"') ? resolve() : reject(new Error(`${name} answered ${text}`)),
          );
        },
      );
      sent.on("error", reject);
      sent.end(JSON.stringify({ name, args }));
    });
  }
}
