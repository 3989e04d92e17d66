// Makes the one file that ships, packages/agent/bundle/ostler.cjs, and beside it V8's code cache for the Node that built it.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const bundle = join(root, "packages/agent/bundle/ostler.cjs");
const inventory = join(root, "packages/agent/bundle/inventory.cjs");
const archive = join(root, "packages/agent/bundle/archive.cjs");
const { version, dependencies } = JSON.parse(readFileSync(join(root, "packages/agent/package.json"), "utf8"));

/** SOURCE_DATE_EPOCH makes two builds of the same source the same. */
function buildTime() {
  const epoch = process.env.SOURCE_DATE_EPOCH;
  return new Date(epoch === undefined ? Date.now() : Number(epoch) * 1000).toISOString();
}

/** Sources without git, as in a released archive, have no commit to tell. */
function gitSha() {
  try {
    return execFileSync("git", ["-C", root, "rev-parse", "--short", "HEAD"], { stdio: ["ignore", "pipe", "ignore"] })
      .toString()
      .trim();
  } catch {
    return "unknown";
  }
}

/** The flags of the launcher's first line: a code cache holds only for the flags it was made with. */
function launcherFlags() {
  const [firstLine = ""] = readFileSync(join(root, "packages/agent/bin/ostler.cjs"), "utf8").split("\n");
  return firstLine.split(" ").filter((word) => word.startsWith("--"));
}

/** Runs an agent that has a service, a check and a request to answer, and ends it. */
async function makeCodeCache() {
  const directory = mkdtempSync(join(tmpdir(), "ostler-build-"));
  const config = join(directory, "ostler.yaml");
  const socket = join(directory, "ostler.sock");
  const service = "{command: [sleep, '60'], checks: [{name: here, kind: exec, command: ['true']}]}";
  writeFileSync(
    config,
    `agent: {data_dir: ., log: {output: log}}\nhttp: {listen: '127.0.0.1:0'}\nservices: {sleeper: ${service}}\n`,
  );
  try {
    const env = { ...process.env, OSTLER_BUNDLE: bundle };
    const agent = spawn(
      process.execPath,
      [...launcherFlags(), join(root, "tools/code-cache.cjs"), "run", "-c", config],
      { env, stdio: "inherit" },
    );
    const ended = once(agent, "exit");
    const ostler = (...args) =>
      execFileSync(process.execPath, [bundle, "--socket", socket, ...args], { stdio: "pipe" });
    for (let attempt = 0; !isReady(ostler); attempt++)
      if (attempt === 100) throw new Error("the bundled agent does not become ready");
    ostler("stop", "sleeper");
    agent.kill("SIGTERM");
    await ended;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function isReady(ostler) {
  try {
    ostler("status", "--check");
    return true;
  } catch {
    return false;
  }
}

rmSync(`${bundle}.cache`, { force: true });
const usual = {
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  // The launcher runs the bundle as a script of its own, which knows `require` and no `import()`.
  supported: { "dynamic-import": false },
  minify: true,
  keepNames: true,
  legalComments: "linked",
};
await build({
  ...usual,
  entryPoints: [join(root, "packages/agent/dist/main.js")],
  outfile: bundle,
  // node-cron asks for its own place when it is loaded, which a CommonJS file tells in another way.
  banner: { js: 'const importMetaUrl = require("node:url").pathToFileURL(__filename).href;' },
  define: {
    "import.meta.url": "importMetaUrl",
    __OSTLER_BUILD__: JSON.stringify({ version, gitSha: gitSha(), buildTime: buildTime(), dependencies }),
  },
});
// What the host is made of is found out by a program of its own: its library is as large as a third of the agent.
await build({ ...usual, entryPoints: [join(root, "packages/agent/dist/inventory.js")], outfile: inventory });
// Archives are made by a program of its own: hashing takes a core, and a mistake of it must not be the agent's.
await build({ ...usual, entryPoints: [join(root, "packages/agent/dist/archive.js")], outfile: archive });
await makeCodeCache();
const kib = (file) => `${Math.round(statSync(file).size / 1024)} KiB`;
console.log(`${bundle.slice(root.length)}: ${kib(bundle)}, code cache ${kib(`${bundle}.cache`)}`);
