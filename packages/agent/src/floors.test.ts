import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

/** What each floor of the agent may import, besides itself and packages. `.` is where everything meets. */
const floors: Record<string, readonly string[]> = {
  core: [],
  platform: ["core"],
  config: ["core"],
  policies: ["core", "config"],
  sources: ["core", "config", "platform"],
  sinks: ["core", "config", "platform"],
  commands: ["core", "config", "sources"],
  ".": ["core", "platform", "config", "policies", "sources", "sinks", "commands"],
};

/** Floors whose rooms do not know each other: they meet in agent.ts, as functions handed over. */
const withRooms = ["sources", "sinks"];

/** Above everything: nobody below imports from here. */
const top = ["cli", "testing"];

const source = join(dirname(fileURLToPath(import.meta.url)), "..", "src");
const files = readdirSync(source, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));

type Import = { from: string; to: string; builtin: boolean };

const imports = files.flatMap((from): Import[] => {
  const text = readFileSync(join(source, from), "utf8");
  return [...text.matchAll(/(?:from|import) ?\(?"([^"]+)"/g)].map(([, to = ""]) =>
    to.startsWith(".")
      ? { from, to: normalize(join(dirname(from), to)).replace(/\.js$/, ".ts"), builtin: false }
      : { from, to, builtin: true },
  );
});

function floorOf(file: string): string {
  const [first = ""] = file.split(sep);
  return first.endsWith(".ts") ? "." : top.includes(first) ? "." : first;
}

const roomOf = (file: string): string => file.split(sep).slice(0, 2).join("/");
const inWords = ({ from, to }: Import): string => `${from} imports ${to}`;

test("imports go down only", () => {
  const wrong = imports.filter(({ from, to, builtin }) => {
    const [below, here] = [floorOf(to), floorOf(from)];
    return !builtin && below !== here && !(floors[here] ?? []).includes(below);
  });
  assert.deepEqual(wrong.map(inWords), []);
});

test("rooms do not know each other", () => {
  const wrong = imports.filter(
    ({ from, to, builtin }) =>
      !builtin && withRooms.includes(floorOf(from)) && floorOf(to) === floorOf(from) && roomOf(from) !== roomOf(to),
  );
  assert.deepEqual(wrong.map(inWords), []);
});

test("core touches no file, socket or process", () => {
  const forbidden = /^node:(fs|net|http|https|child_process|dgram|os|tls|worker_threads)/;
  const wrong = imports.filter(({ from, to }) => floorOf(from) === "core" && forbidden.test(to));
  assert.deepEqual(wrong.map(inWords), []);
});

test("every file is on a floor", () => {
  assert.deepEqual(
    files.filter((file) => !Object.hasOwn(floors, floorOf(file))),
    [],
  );
});

test("every import was understood", () => {
  assert.ok(imports.length > 300, `only ${imports.length} were found`);
  assert.deepEqual(imports.filter(({ to, builtin }) => !builtin && !files.includes(to)).map(inWords), []);
});
