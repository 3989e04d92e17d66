import { createInterface } from "node:readline/promises";
import {
  bytesInWords,
  counted,
  flawsInWords,
  notFound,
  OstlerError,
  verifiedInWords,
  type CommandData,
  type ListedBackup,
} from "@ostler/protocol";
import { shown as shownPath } from "../platform/archive/path-bytes.js";
import { Client } from "./client.js";
import { controlSocket, type Globals } from "./globals.js";
import { paint, print, printJson, table } from "./output.js";
import { runWithBar } from "./progress-bar.js";

/** A question names so many places. */
const maxNamed = 20;

type Options = Globals & { reason?: string };
type Target = { service: string; backup: string };
type Listed = { backups: ListedBackup[]; problems: string[] };

/** Makes a backup, and says loudly what is wrong with it. */
export async function createBackup(options: Options, target: string): Promise<number> {
  const client = new Client(controlSocket(options));
  const data = await run(client, "backup.create", await setOf(client, target), options);
  if (options.json) return shown(data);
  print(
    `${data.id}: ${counted(data.files, "file")}, ${bytesInWords(data.bytes)}, stored in ${bytesInWords(data.storedBytes)}`,
  );
  const flaws = flawsInWords(data.flaws);
  if (flaws !== "") print(paint("yellow", flaws.slice(2)));
  return 0;
}

/** The backups there are, newest first. */
export async function listBackups(options: Options, target: string | undefined): Promise<number> {
  const { backups, problems } = await listed(new Client(controlSocket(options)));
  const [service, name] = (target ?? "").split("/");
  const isMeant = (one: ListedBackup): boolean =>
    target === undefined ||
    (name === undefined
      ? one.service === service || one.name === service
      : one.service === service && one.name === name);
  const chosen = backups.filter(isMeant);
  for (const problem of problems) process.stderr.write(`${paint("red", problem, process.stderr)}\n`);
  if (options.json) printJson(chosen);
  else if (chosen.length === 0) print("There are no backups.");
  else print(table([["ID", "FILES", "SIZE", "STORED", "VERIFIED", "PROVEN", ""], ...chosen.map(rowOf)]));
  return problems.length > 0 ? 1 : 0;
}

export async function verifyBackup(options: Options, target: string): Promise<number> {
  const client = new Client(controlSocket(options));
  const data = await run(client, "backup.verify", await backupOf(client, target), options);
  if (options.json) return shown(data);
  print(verifiedInWords(data));
  return 0;
}

export async function drillBackup(options: Options, target: string): Promise<number> {
  const client = new Client(controlSocket(options));
  const data = await run(client, "backup.drill", await backupOf(client, target), options);
  if (options.json) return shown(data);
  if (data.output !== undefined && data.output !== "") print(data.output.trimEnd());
  print(
    `${data.id} is proven to restore: ${counted(data.files, "file")}, ${bytesInWords(data.bytes)}${data.checked ? ", and its check passed" : ""}`,
  );
  return 0;
}

/** Into place only after a question, or with `--yes`. */
export async function restoreBackup(
  options: Options & { to?: string; only?: string[]; stop?: boolean; yes?: boolean },
  target: string,
): Promise<number> {
  const { to, only, stop = false, yes = false } = options;
  const client = new Client(controlSocket(options));
  const its = await backupOf(client, target);
  const id = to === undefined && !yes ? await confirmed(client, its, only) : its.id;
  const args = { ...its, id, stop, ...(to === undefined ? {} : { to }), ...(only === undefined ? {} : { only }) };
  const data = await run(client, "backup.restore", args, options);
  if (options.json) return shown(data);
  print(
    `${data.id} restored ${to === undefined ? "into place" : `to ${to}`}: ${counted(data.files, "file")}, ${bytesInWords(data.bytes)}`,
  );
  if (data.safety !== undefined) print(`What was there before is in ${data.safety}.`);
  for (const path of data.kept) print(paint("yellow", `What is in no backup was put aside: ${path}`));
  return 0;
}

/** What is kept and why, and what is removed. */
export async function pruneBackups(options: Options & { dryRun?: boolean }, target: string): Promise<number> {
  const { dryRun = false } = options;
  const client = new Client(controlSocket(options));
  const data = await run(client, "backup.prune", { ...(await setOf(client, target)), dryRun }, options);
  if (options.json) return shown(data);
  for (const { id, reasons } of data.kept) print(`keep    ${id}  ${paint("grey", reasons.join(", "))}`);
  for (const id of data.removed) print(`${dryRun ? "would remove" : "removed"}  ${id}`);
  if (!dryRun) print(`${bytesInWords(data.freedBytes)} are free again.`);
  return 0;
}

type Name = "backup.create" | "backup.verify" | "backup.drill" | "backup.restore" | "backup.prune";

async function run<N extends Name>(
  client: Client,
  name: N,
  args: Record<string, unknown>,
  { reason, json }: Options,
): Promise<CommandData<N>> {
  const its = reason === undefined ? {} : { reason };
  return (await runWithBar(client, name, args, its, json !== true)) as CommandData<N>;
}

function shown(data: unknown): number {
  printJson(data);
  return 0;
}

function rowOf({
  id,
  files,
  size,
  storedSize,
  verifiedAt,
  provenAt,
  flawed,
  problem,
  note,
  copiedTo,
}: ListedBackup): string[] {
  const remarks = [
    ...(problem === undefined ? [] : [paint("red", problem)]),
    ...(flawed ? [paint("yellow", "incomplete")] : []),
    ...(note === undefined ? [] : [note]),
    ...(copiedTo === undefined ? [] : [`copied to ${copiedTo}`]),
  ];
  const inWords = (bytes: number | undefined): string => (bytes === undefined ? "-" : bytesInWords(bytes));
  return [
    paint("bold", id),
    ...[String(files ?? "-"), inWords(size), inWords(storedSize), verifiedAt ? "yes" : "-", provenAt ? "yes" : "-"],
    remarks.join("; "),
  ];
}

async function listed(client: Client): Promise<Listed> {
  return (await client.get("/v1/backups")) as Listed;
}

/** Asks whether a backup is to be restored into place, and says which and what it replaces. Gives its id. */
async function confirmed(
  client: Client,
  { service, backup, id }: Target & { id: string },
  only: readonly string[] | undefined,
): Promise<string> {
  const { backups, problems } = await listed(client);
  const ofSet = backups.filter((one) => one.service === service && one.name === backup);
  const isMeant = (one: ListedBackup): boolean =>
    id === "latest" ? one.note === undefined && one.problem === undefined : one.id === id;
  const found = ofSet.find(isMeant);
  if (!found)
    throw new OstlerError(
      "not-found",
      [`There is no such backup of ${service}/${backup} that is not known to be broken: ${id}.`, ...problems].join(" "),
    );
  const { paths = [], time } = found;
  const named = paths.slice(0, maxNamed).map(shownPath).join(", ");
  const places = paths.length > maxNamed ? `${named} and ${paths.length - maxNamed} more` : named;
  const what = only ? `what matches ${only.join(", ")} of ${places}` : places;
  await confirm(
    `Restore ${found.id} (made ${time}) of ${service} into place? It replaces ${what}. What is there is backed up first.`,
  );
  return found.id;
}

/** `SERVICE/NAME`, or a set's name alone where only one service has it. */
async function setOf(client: Client, target: string): Promise<Target> {
  const slash = target.indexOf("/");
  if (slash >= 0) return { service: target.slice(0, slash), backup: target.slice(slash + 1) };
  const sets = await setsOf(client);
  const [first, ...others] = sets.filter(({ backup }) => backup === target);
  const names = sets.map(({ service, backup }) => `${service}/${backup}`);
  if (!first) throw notFound("set of backups", target, names);
  if (others.length === 0) return first;
  throw new OstlerError("bad-request", `Several services have backups "${target}". Say which, as SERVICE/${target}.`);
}

/** A backup by its id, or the newest of a set. */
async function backupOf(client: Client, target: string): Promise<Target & { id: string }> {
  const [service = "", backup = "", time] = target.split(".");
  if (time !== undefined && !target.includes("/")) return { service, backup, id: target };
  return { ...(await setOf(client, target)), id: "latest" };
}

async function setsOf(client: Client): Promise<Target[]> {
  const { services } = (await client.get("/v1/config")) as {
    services: Record<string, { backups: { name: string }[] }>;
  };
  return Object.entries(services).flatMap(([service, { backups }]) =>
    backups.map(({ name }) => ({ service, backup: name })),
  );
}

async function confirm(question: string): Promise<void> {
  if (!process.stdin.isTTY) throw new OstlerError("bad-request", `${question} Nobody can be asked here: say --yes.`);
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asking.question(`${question} [y/N] `);
  asking.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new OstlerError("cancelled", "Nothing was done.");
}
