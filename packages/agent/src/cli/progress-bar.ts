import { randomUUID } from "node:crypto";
import { type CommandName, type Envelope, type EventData } from "@ostler/protocol";
import type { Client } from "./client.js";

const width = 30;

/** Runs a command on backups, and shows on a terminal how far it is. Withdraws it when whoever waits does so no longer. */
export async function runWithBar(
  client: Client,
  name: CommandName,
  args: Record<string, unknown>,
  options: { reason?: string },
  isShown: boolean,
): Promise<unknown> {
  const id = randomUUID();
  const withdraw = (): void => void client.cancel(id).catch(() => process.exit(130));
  process.once("SIGINT", withdraw);
  const done = new AbortController();
  const bar = isShown && process.stderr.isTTY ? follow(client, args, done.signal) : Promise.resolve();
  try {
    return (await client.run(name, args, { ...options, id })).data;
  } finally {
    process.removeListener("SIGINT", withdraw);
    done.abort();
    await bar;
  }
}

async function follow(
  client: Client,
  { service, backup }: Record<string, unknown>,
  signal: AbortSignal,
): Promise<void> {
  const { seq } = await client.state();
  const query = new URLSearchParams({ follow: "true", from: String(seq + 1), type: "backup.progressed" });
  try {
    for await (const line of client.lines(`/v1/events?${query.toString()}`, signal)) {
      const { data } = JSON.parse(line) as Envelope & { data: EventData<"backup.progressed"> };
      if (data.service === service && data.backup === backup) process.stderr.write(`\r${lineOf(data)}`);
    }
  } catch {
    // The bar is only for the eyes: the command itself tells what is wrong.
  }
  process.stderr.write(`\r${" ".repeat(width + 30)}\r`);
}

/** As wide whatever it says, so that the next one covers it. */
export function lineOf({ phase, percent }: Pick<EventData<"backup.progressed">, "phase" | "percent">): string {
  const filled = Math.round((percent / 100) * width);
  return `[${"#".repeat(filled)}${" ".repeat(width - filled)}] ${String(percent).padStart(3)} % ${phase.padEnd(10)}`;
}
