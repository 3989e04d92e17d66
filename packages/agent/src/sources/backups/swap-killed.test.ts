import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { tempDir, type TempDir } from "../../testing/temp-dir.js";
import { makeWorld, seenWorld, type World } from "../../testing/worlds.js";
import { recoverSwap } from "./swap.js";

/** Undoes what is left of a predecessor, restores one world after the other, and ends itself after so many steps. */
const program = `
  import { join } from "node:path";
  import { recoverSwap, Swap } from ${JSON.stringify(new URL("./swap.js", import.meta.url).href)};
  import { makeWorld } from ${JSON.stringify(new URL("../../testing/worlds.js", import.meta.url).href)};
  const { home, record, worlds, killAfter } = JSON.parse(process.argv[1]);
  let steps = 0;
  const step = () => {
    if (++steps === killAfter) process.kill(process.pid, "SIGKILL");
  };
  process.stdout.write("up\\n");
  await recoverSwap(record, step);
  for (const [n, { places, world }] of worlds.entries()) {
    const swap = await Swap.begin(record, "shop.data.20261120T100000Z", places.map((place) => join(home, place)), step);
    for (const { directory } of swap.stagings) makeWorld(join(directory, home), world);
    const units = swap.stagings.flatMap(({ places, directory }) =>
      places.map((place) => ({ place, staged: join(directory, place) })),
    );
    await swap.commit(units, { keepOld: () => false, signal: new AbortController().signal });
  }
  process.exit(0);
`;

type Task = { worlds: { places: string[]; world: World }[]; killAfter?: number; killAfterMs?: number };

/** Runs it to its end, of whatever kind; false when it was killed. */
async function live({ home, record }: Home, { killAfterMs, ...task }: Task): Promise<boolean> {
  const words = ["--input-type=module", "-e", program, JSON.stringify({ home, record, ...task })];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit") as Promise<[number | null, string | null]>;
  if (killAfterMs !== undefined) {
    await once(child.stdout, "data");
    setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  }
  const [code, signal] = await exited;
  if (signal === null) assert.equal(code, 0);
  return signal === null;
}

type Home = TempDir & { home: string; record: string };

function homeOf(world: World): Home {
  const temp = tempDir();
  mkdirSync(temp.at("home"));
  mkdirSync(temp.at("state"));
  makeWorld(temp.at("home"), world);
  return { ...temp, home: temp.at("home"), record: temp.at("state/restore.json") };
}

/** What the worlds are made of: many files, a file that is a directory in the next, a place that is not there at first. */
function worldOf(generation: number): World {
  const text = `generation ${generation}`;
  const many = Array.from({ length: 20 }, (_, n) => [`data/${n % 4}/${n}`, text] as const);
  const turning = generation % 2 === 0 ? { turn: text } : { "turn/inner": text };
  return { ...Object.fromEntries(many), file: text, ...turning, ...(generation === 0 ? {} : { "x/y/z/a": text }) };
}

const next = (generation: number): Task["worlds"][number] => ({
  places: ["data", "file", "turn", "x/y/z"],
  world: worldOf(generation),
});

/** Entirely one of the worlds, and nothing of ours beside it. */
function assertOneOf(temp: Home, ...generations: number[]): number {
  const seen = seenWorld(temp.home);
  const generation = generations.find((one) => JSON.stringify(sorted(worldOf(one))) === JSON.stringify(sorted(seen)));
  assert.notEqual(generation, undefined, `neither of ${generations.join(", ")}: ${JSON.stringify(seen)}`);
  assert.deepEqual(seenWorld(temp.at("state")), {});
  return generation ?? 0;
}

const sorted = (world: World): [string, string][] => Object.entries(world).toSorted(([a], [b]) => (a < b ? -1 : 1));

test("killed after any step, everything is old or everything is new, and nothing is left", async () => {
  const ends: number[] = [];
  for (let killAfter = 1, isDone = false; !isDone; killAfter++) {
    using temp = homeOf(worldOf(0));
    isDone = await live(temp, { worlds: [next(1)], killAfter });
    await recoverSwap(temp.record);
    ends.push(assertOneOf(temp, 0, 1));
  }
  assert.ok(ends.length > 15, `only ${ends.length} steps`);
  assert.deepEqual(ends, ends.toSorted(), "once it is new, it stays new");
  assert.deepEqual([ends[0], ends.at(-1)], [0, 1]);
});

test("killed while it recovers from having been killed, it is the same", async () => {
  for (const killAfter of [10, 14]) {
    let wasNew: boolean | undefined;
    for (let killAgain = 1, isDone = false; !isDone; killAgain++) {
      using temp = homeOf(worldOf(0));
      await live(temp, { worlds: [next(1)], killAfter });
      isDone = await live(temp, { worlds: [], killAfter: killAgain });
      await recoverSwap(temp.record);
      const isNew = assertOneOf(temp, 0, 1) === 1;
      assert.equal(isNew, (wasNew ??= isNew), "which of both does not depend on how often it is killed");
    }
  }
});

/** So often it is killed at random; `OSTLER_KILLS` says otherwise. */
const wantedKills = Number(process.env.OSTLER_KILLS ?? 100);

test("killed again and again at any moment, while it restores one after the other", { timeout: 500_000 }, async () => {
  using temp = homeOf(worldOf(0));
  const begunMs = performance.now();
  await live(temp, { worlds: [next(1)] });
  const oneLifeMs = performance.now() - begunMs;
  let generation = 1;
  let kills = 0;
  for (let lives = 0; kills < wantedKills && lives < 10 * wantedKills; lives++) {
    const worlds = Array.from({ length: 50 }, (_, n) => next(generation + 1 + n));
    if (!(await live(temp, { worlds, killAfterMs: Math.random() * oneLifeMs }))) kills++;
    // Now and then the next life finds it as it was left.
    if (Math.random() < 0.5) await recoverSwap(temp.record);
    else await live(temp, { worlds: [] });
    generation = assertOneOf(temp, ...Array.from({ length: 51 }, (_, n) => generation + n));
  }
  assert.equal(kills, wantedKills);
  assert.ok(generation > wantedKills / 10, `only ${generation} restores`);
});
