import { randomUUID } from "node:crypto";
import { type CommandName, type Envelope, type EventData } from "@ostler/protocol";
import type { Client } from "./client.js";

type Progressed = EventData<"backup.progressed">;
type Shown = Pick<Progressed, "phase" | "percent">;

/** What a bar is drawn on, such as `process.stderr`. */
export type Terminal = {
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  write: (text: string) => unknown;
};

const widest = 30;
/** A bar that is shorter says less than its number. */
const shortest = 5;
const phaseWidth = 10;
/** Of a terminal that does not know how wide it is. */
const usualColumns = 80;

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
  const from = isShown && process.stderr.isTTY ? await nextSeq(client) : undefined;
  process.once("SIGINT", withdraw);
  const done = new AbortController();
  const isMeant = (its: Progressed): boolean =>
    its.service === args.service && its.backup === args.backup && `backup.${its.doing}` === name;
  const bar = from === undefined ? undefined : follow(client, from, isMeant, done.signal);
  try {
    return (await client.run(name, args, { ...options, id })).data;
  } finally {
    process.removeListener("SIGINT", withdraw);
    done.abort();
    await bar;
  }
}

/** Asked before the command is sent, so that nothing of it is missed. */
async function nextSeq(client: Client): Promise<number | undefined> {
  try {
    return (await client.state()).seq + 1;
  } catch {
    return undefined; // The command itself tells what is wrong.
  }
}

async function follow(
  client: Client,
  from: number,
  isMeant: (its: Progressed) => boolean,
  signal: AbortSignal,
): Promise<void> {
  const query = new URLSearchParams({ follow: "true", from: String(from), type: "backup.progressed" });
  const bar = barOn(process.stderr);
  try {
    for await (const line of client.lines(`/v1/events?${query.toString()}`, signal)) {
      const { data } = JSON.parse(line) as Envelope & { data: Progressed };
      if (isMeant(data)) bar.show(data);
    }
  } catch {
    // The bar is only for the eyes: the command itself tells what is wrong.
  }
  bar.clear();
}

/** Draws in one line of a terminal how far something is, and leaves nothing of it. What is no terminal gets nothing. */
export function barOn(terminal: Terminal): { show: (progress: Shown) => void; clear: () => void } {
  let width = 0;
  return {
    show: (progress) => {
      if (terminal.isTTY !== true) return;
      const { columns = 0 } = terminal;
      const line = lineOf(progress, columns > 0 ? columns : usualColumns);
      terminal.write(`\r${line.padEnd(width)}`);
      width = line.length;
    },
    clear: () => {
      if (width > 0) terminal.write(`\r${" ".repeat(width)}\r`);
      width = 0;
    },
  };
}

/**
 * As wide whatever it says, so that the next one covers it, and narrower than the terminal, where it would go on in the next
 * line. Where there is no room for a bar, the number alone.
 */
export function lineOf({ phase, percent }: Shown, columns = usualColumns): string {
  const said = `${String(percent).padStart(3)} % ${phase.slice(0, phaseWidth).padEnd(phaseWidth)}`;
  const width = Math.min(widest, columns - said.length - "[] ".length - 1);
  if (width < shortest) return said.slice(0, Math.max(0, columns - 1));
  const filled = Math.round((percent / 100) * width);
  return `[${"#".repeat(filled)}${" ".repeat(width - filled)}] ${said}`;
}
