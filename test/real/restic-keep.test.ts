import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import type * as keeping from "../../packages/agent/src/core/backup/keep.js";
import { seeded } from "../helpers/seeded.js";
import { needs } from "./tools.js";

const run = promisify(execFile);
const inner = new URL("../../../packages/agent/dist/core/backup/keep.js", import.meta.url).href;
const { keptBy } = (await import(inner)) as typeof keeping;

const nothing = { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
type Policy = keeping.KeepPolicy;

const policies: (Partial<Policy> & { within?: string })[] = [
  { last: 3 },
  { hourly: 4 },
  { daily: 7 },
  { weekly: 4 },
  { monthly: 6 },
  { yearly: 3 },
  { last: 3, daily: 7, weekly: 4, monthly: 6 },
  { last: 1, hourly: 2, daily: 2, weekly: 2, monthly: 2, yearly: 2 },
  { daily: 100 },
  { within: "5d", withinMs: 5 * 86_400_000 },
  { within: "36h", withinMs: 36 * 3_600_000, weekly: 3 },
];

/** Moments close to the borders of all periods, and others of up to three years. */
function moments(): string[] {
  const { below } = seeded(6);
  const spread = [1, 1, 1, 3, 10, 10, 30, 100, 300, 1000].map(
    (days) => new Date(Date.UTC(2026, 10, 20) - below(days * 86_400_000)),
  );
  const borders = ["2026-11-16T00:00:00Z", "2026-11-15T23:59:59Z", "2026-11-01T00:00:00Z", "2026-10-31T23:59:59Z"];
  const years = ["2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", "2024-12-30T12:00:00Z", "2024-12-29T12:00:00Z"];
  return [...spread.map((date) => `${date.toISOString().slice(0, 19)}Z`), ...borders, ...years];
}

test("restic keeps the same backups, whatever the policy", needs("restic"), async () => {
  const directory = mkdtempSync(join(tmpdir(), "ostler-restic-"));
  try {
    writeFileSync(join(directory, "file"), "content");
    const env = {
      ...process.env,
      TZ: "UTC",
      RESTIC_PASSWORD: "test",
      RESTIC_REPOSITORY: join(directory, "repository"),
    };
    const restic = async (...args: string[]): Promise<string> =>
      (await run("restic", ["--no-cache", "--quiet", ...args], { env, cwd: directory })).stdout;
    await restic("init");
    const times = moments();
    for (const time of times) await restic("backup", "--time", time.replace("T", " ").replace("Z", ""), "file");
    for (const policy of policies) {
      const ours = keptBy(
        times.map((id) => ({ id, timeMs: Date.parse(id), isGood: undefined, isSafety: false, isUnreadable: false })),
        { ...nothing, ...policy },
        Date.UTC(2026, 10, 21),
        () => 0,
      );
      const theirs = await keptByRestic(restic, policy);
      assert.deepEqual(
        ours.keep.map(({ id }) => id),
        theirs,
        JSON.stringify(policy),
      );
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

type Snapshot = { time: string };
type Forgotten = { keep: Snapshot[]; reasons: { snapshot: Snapshot; matches: string[] }[] };

/** Newest first. What later versions keep for being the oldest, while a count is left, does not count. */
async function keptByRestic(
  restic: (...args: string[]) => Promise<string>,
  policy: (typeof policies)[number],
): Promise<string[]> {
  const wanted = Object.entries(policy).filter(([span]) => span !== "withinMs");
  const options = wanted.flatMap(([span, value]) => [`--keep-${span}`, String(value)]);
  const [group] = JSON.parse(await restic("forget", "--dry-run", "--json", "--no-lock", ...options)) as Forgotten[];
  const reasons = group?.reasons ?? [];
  return reasons
    .filter(({ matches }) => !matches.every((reason) => reason.startsWith("oldest ")))
    .map(({ snapshot }) => snapshot.time)
    .toSorted()
    .reverse();
}
