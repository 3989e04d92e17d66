import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { test } from "node:test";
import { TestAgent } from "./helpers/agent.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");

test("the reference pages say what the code does", () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, "tools/docs.mjs"), "--check"], {
    encoding: "utf8",
  });
  assert.deepEqual([status, stderr], [0, ""]);
});

test("every configuration shown in the documents is valid", async () => {
  await using agent = TestAgent.prepare("services: {}");
  const pages = [
    "README.md",
    ...readdirSync(join(root, "docs"))
      .filter((name) => name.endsWith(".md"))
      .map((name) => `docs/${name}`),
  ];
  const shown = pages.flatMap((page) =>
    [...read(page).matchAll(/```yaml\n([^]*?)```/g)].map(([, yaml = ""]) => ({ page, yaml })),
  );
  assert.ok(shown.length > 0);
  for (const { page, yaml } of shown) {
    agent.configure(`# ${page}\n${yaml}`);
    const { code, stdout } = await agent.ostler("validate");
    assert.equal(code, 0, `${page}: ${stdout}\n${yaml}`);
  }
});

test("the quickstart and every example configuration are valid", async () => {
  await using agent = TestAgent.prepare("services: {}");
  for (const name of readdirSync(join(root, "examples")).filter((file) => file.endsWith(".yaml")))
    assert.equal((await agent.ostler("-c", join(root, "examples", name), "validate")).code, 0, name);
});

test("every link between the documents leads somewhere", () => {
  const pages = [
    "README.md",
    "ARCHITECTURE.md",
    "STYLE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "docs/operating.md",
    "docs/protocol.md",
    "docs/coverage.md",
  ];
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\(([^)#:]+)(#[^)]*)?\)/g)].flatMap(([, target = ""]) => {
      try {
        readFileSync(join(root, page, "..", target));
        return [];
      } catch (failure) {
        return (failure as NodeJS.ErrnoException).code === "EISDIR" ? [] : [`${page}: ${target}`];
      }
    }),
  );
  assert.deepEqual(broken, []);
});

test("every test that the coverage page names exists", () => {
  const tests = [join(root, "test"), join(root, "packages")]
    .flatMap((directory) =>
      readdirSync(directory, { recursive: true, encoding: "utf8" }).map((path) => join(directory, path)),
    )
    .filter((path) => path.endsWith(".test.ts") && !path.includes("node_modules"));
  const named = [...read("docs/coverage.md").matchAll(/`([\w./*-]+\.test\.ts)`(?: "([^"]+)")?/g)];
  assert.ok(named.length > 20);
  for (const [whole, file = "", title = ""] of named) {
    const pattern = new RegExp(`/${file.replaceAll(".", "\\.").replaceAll("*", "[^/]*")}$`);
    const found = tests.filter((path) => pattern.test(path));
    assert.ok(
      found.some((path) => readFileSync(path, "utf8").includes(title)),
      whole,
    );
  }
});

test("every command line shown in the README and the manual exists, with its options", async () => {
  await using agent = TestAgent.prepare("services: {}");
  const helps = new Map<string, string>();
  const helpOf = async (path: readonly string[]): Promise<string> => {
    const key = path.join(" ");
    const help = helps.get(key) ?? (await agent.ostler(...path, "--help")).stdout;
    helps.set(key, help);
    return help;
  };
  /** A command, or an option by its long or short name. */
  const has = (help: string, word: string): boolean => new RegExp(`^ {2}(-\\w, )?${word}(?![\\w-])`, "m").test(help);
  const top = await helpOf([]);
  const shown = ["README.md", "docs/operating.md"].flatMap((page) =>
    [...read(page).matchAll(/(?:`|^ *)(?:\.\/bin\/)?ostler ([a-z][^`#\n]*)/gm)].map(([, line = ""]) => line.trim()),
  );
  assert.ok(shown.length > 50);
  const wrong: string[] = [];
  for (const line of new Set(shown)) {
    const words = line.replace(/'[^']*'|"[^"]*"/g, "TEXT").split(/ +/);
    const [first = "", second = ""] = words;
    const its = await helpOf([first]);
    const help = /^[a-z]/.test(second) && has(its, second) ? await helpOf([first, second]) : its;
    const options = words.filter((word) => word.startsWith("-"));
    const isKnown = has(top, first) && !/^Commands:/m.test(help);
    if (!isKnown || !options.every((option) => has(help, option) || has(top, option))) wrong.push(line);
  }
  assert.deepEqual(wrong, []);
});
