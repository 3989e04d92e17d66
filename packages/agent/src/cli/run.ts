import { isatty } from "node:tty";
import { messageOf } from "@ostler/protocol";
import { startAgent, type Agent } from "../agent.js";
import { loadConfigOrThrow } from "../config/load.js";
import { onHangup } from "../hangups.js";
import { configFile, type Globals } from "./globals.js";
import { paint, print, table } from "./output.js";

/** How long the end may take before it is forced; whoever asks twice has waited long enough. */
const stopMs = 10_000;

/** The agent in the foreground, until SIGTERM or SIGINT. Its services run on. */
export async function run(globals: Globals): Promise<number> {
  const loaded = loadConfigOrThrow(configFile(globals), process.env);
  const ended = new Promise<string>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve(signal));
  });
  const agent = await startAgent(loaded, process.env);
  onHangup(() => void agent.reload("SIGHUP"));
  if (isatty(1) || loaded.config.agent.log.format === "pretty") greet(agent);
  process.on("uncaughtException", (fault) => void fail(agent, fault));
  process.on("unhandledRejection", (fault) => void fail(agent, fault));
  const signal = await ended;
  const force = setTimeout(() => process.exit(1), stopMs);
  await agent.stop(signal);
  clearTimeout(force);
  return 0;
}

/** A fault that nobody caught: it is told, and the agent goes on, because its services need it more than it needs to be right. */
async function fail(agent: Agent, fault: unknown): Promise<void> {
  const stack = fault instanceof Error ? (fault.stack ?? fault.message) : messageOf(fault);
  agent.report("agent", stack);
}

/** For a person: where everything is. */
function greet({ urls: { main }, socketPath }: Agent): void {
  if (main === undefined) return print(`${paint("bold", "Ostler")} is running; control socket ${socketPath}`);
  print(
    table([
      [paint("bold", "Ostler"), "is running; Ctrl-C ends it, its services run on"],
      ["health", `${main}/health`],
      ["ready", `${main}/ready`],
      ["metrics", `${main}/metrics`],
      ["events", `${main}/v1/events?follow  (WebSocket: ${main.replace(/^http/, "ws")}/v1/stream)`],
      ["control", socketPath],
    ]),
  );
}
