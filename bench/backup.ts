// What a backup costs, beside tar and restic over the same files in the same run; and once without the program zstd.
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { median, report, root, Workplace } from "./helpers/bench.js";
import { pathOf } from "./helpers/of-tests.js";

/** Of a GiB. */
const size = Number(process.argv[2] ?? 1);
const rounds = Number(process.argv[3] ?? 3);
const MB = 1_000_000;

await using place = new Workplace();
const data = place.path("data");
fill();

type Cost = { wallMs: number; cpuMs: number; peakMiB: number; sizeMB: number };
type Peer = { name: string; command: string[]; input?: string; env?: NodeJS.ProcessEnv; made: string };

const backups = place.path("backups");
const withoutZstd = { PATH: pathWithout("zstd") };
const program = join(root, "packages/agent/bundle/archive.cjs");
const ostler = [process.execPath, "--max-semi-space-size=1", program];
const restic = {
  RESTIC_PASSWORD: "bench",
  RESTIC_REPOSITORY: place.path("restic"),
  RESTIC_CACHE_DIR: place.path("cache"),
};
const hasRestic = pathOf("restic") !== undefined;

await compare(`backup of ${size} GiB, ${(20_000 * size).toLocaleString("en")} small files`, [
  { name: "Ostler", command: ostler, input: create("zstd"), made: backups },
  {
    name: "tar --zstd",
    command: ["tar", "--zstd", "-cf", place.path("peer/x.tar.zst"), "-C", "/", data.slice(1)],
    made: place.path("peer"),
  },
  {
    name: "tar -czf",
    command: ["tar", "-czf", place.path("peer/x.tar.gz"), "-C", "/", data.slice(1)],
    made: place.path("peer"),
  },
  ...(hasRestic
    ? [
        {
          name: "restic",
          command: ["sh", "-c", `restic init -q && restic backup -q ${data}`],
          env: restic,
          made: place.path("restic"),
        },
      ]
    : []),
]);
await compare("the same where there is no zstd", [
  { name: "Ostler, gzip", command: ostler, input: create("gzip"), env: withoutZstd, made: backups },
  {
    name: "tar -czf",
    command: ["tar", "-czf", place.path("peer/x.tar.gz"), "-C", "/", data.slice(1)],
    made: place.path("peer"),
  },
]);
await extraction();
if (!hasRestic) console.log("restic is not installed and was left out.");

function create(id: string): string {
  const header = {
    service: "web",
    name: id,
    mode: "hot",
    agent: { id: "a", name: "h", version: "1" },
    configHash: "c",
  };
  const what = {
    paths: [data],
    exclude: [],
    required: [],
    compression: "auto",
    recipients: [],
    header,
    expectedRatio: 0,
  };
  return JSON.stringify({ do: "create", directory: backups, id, ...what });
}

async function extraction(): Promise<void> {
  await fresh(backups);
  await run({ name: "", command: ostler, input: create("zstd"), made: backups });
  await fresh(place.path("peer"));
  const archive = place.path("peer/x.tar.zst");
  await run({
    name: "",
    command: ["tar", "--zstd", "-cf", archive, "-C", "/", data.slice(1)],
    made: place.path("peer"),
  });
  const into = place.path("into");
  const job = { directory: backups, id: "zstd" };
  await compare("extraction", [
    { name: "Ostler", command: ostler, input: JSON.stringify({ do: "extract", ...job, into }), made: into },
    { name: "Ostler, verify", command: ostler, input: JSON.stringify({ do: "verify", ...job }), made: into },
    { name: "tar --zstd", command: ["tar", "--zstd", "-xf", archive, "-C", into], made: into },
    ...(hasRestic
      ? [{ name: "restic", command: ["restic", "restore", "-q", "latest", "--target", into], env: restic, made: into }]
      : []),
  ]);
}

/** The peers take turns, so that whatever else the machine does meets all of them. */
async function compare(title: string, peers: readonly Peer[]): Promise<void> {
  const costs = new Map<string, Cost[]>(peers.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const peer of peers) {
      await fresh(peer.made);
      costs.get(peer.name)?.push(await run(peer));
    }
  const of = (name: string, key: keyof Cost): number => median((costs.get(name) ?? []).map((cost) => cost[key]));
  const [first = { name: "" }] = peers;
  report(`${title}, median of ${rounds}`, [
    ["", "wall ms", "of its wall", "CPU ms", "peak MiB", "MB"],
    ...peers.map(({ name }) => [
      name,
      of(name, "wallMs"),
      `${(of(first.name, "wallMs") / of(name, "wallMs")).toFixed(2)}×`,
      of(name, "cpuMs"),
      of(name, "peakMiB"),
      of(name, "sizeMB"),
    ]),
  ]);
}

/** Runs under GNU time, which tells of the command and all of its children; the peak is that of the largest of them. */
async function run({ command, input, env, made }: Peer): Promise<Cost> {
  const told = place.path("time");
  const child = spawn("/usr/bin/time", ["-o", told, "-f", "%e %U %S %M", ...command], {
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  if (input !== undefined) child.stdin.write(`${input}\n`);
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  await once(child, "close");
  if (input !== undefined && !text.includes('"is":"done"')) throw new Error(text);
  const [wall = 0, user = 0, system = 0, peakKiB = 0] = readFileSync(told, "utf8").trim().split(" ").map(Number);
  return { wallMs: wall * 1000, cpuMs: (user + system) * 1000, peakMiB: peakKiB / 1024, sizeMB: sizeOf(made) / MB };
}

async function fresh(directory: string): Promise<void> {
  if (directory === restic.RESTIC_REPOSITORY && !hasRestic) return;
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  await once(spawn("sync"), "exit");
}

function sizeOf(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** Text of logs, JSON, what cannot be compressed, and many small files. */
function fill(): void {
  mkdirSync(data);
  write("log", 380, () => {
    const [path, ms] = [Math.floor(Math.random() * 1e6), Math.floor(Math.random() * 2000)];
    return `2026-11-21T13:15:${String(ms % 60).padStart(2, "0")}Z INFO web GET /api/v1/items/${path} status=200 took=${ms}ms\n`;
  });
  write(
    "json",
    170,
    () => `${JSON.stringify({ id: Math.random(), name: "an item", tags: ["a", "b"], price: Math.random() })}\n`,
  );
  for (let file = 0; file < 25; file++) writeFileSync(join(data, `random${file}`), randomBytes(10 * MB * size));
  for (let at = 0; at < 200; at++) {
    const directory = mkdtempSync(join(data, "small"));
    for (let file = 0; file < 100 * size; file++)
      writeFileSync(join(directory, `${file}`), "setting = value\n".repeat(Math.floor(Math.random() * 1250)));
  }
}

function write(name: string, megabytes: number, line: () => string): void {
  for (let file = 0; file < 10; file++) {
    let text = "";
    while (text.length < (megabytes * MB * size) / 10) text += line();
    writeFileSync(join(data, `${name}${file}`), text);
  }
}

/** A directory of links to what is needed, but to one program. */
function pathWithout(program: string): string {
  const links = place.path("bin");
  mkdirSync(links);
  for (const name of ["tar", "gzip", "node", "nice", "ionice"].filter((each) => each !== program)) {
    const path = pathOf(name);
    if (path !== undefined) symlinkSync(path, join(links, name));
  }
  return links;
}
