// `npm run ok`: everything that CI checks, in CI's order. Ends with one line that counts every test that ran.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { install, root } from "./install.mjs";

/** Tests also run on the next line of Node, from the npm package that holds its binary. */
const nextNode = "24.21.0";

const counts = join(root, "node_modules", ".ostler-counts");
rmSync(counts, { force: true });
const env = { ...process.env, OSTLER_TEST_COUNTS: counts };

/** Every step runs, so that one look shows all that is wrong. */
const failed = [];
function step(name, program, args, more = {}) {
  console.log(`\n=== ${name}`);
  const { status } = spawnSync(program, args, { cwd: root, stdio: "inherit", env: { ...env, ...more } });
  if (status !== 0) failed.push(name);
}

function nodeOfNextLine() {
  const prefix = join(root, "node_modules", ".cache", `node-${nextNode}`);
  const name = `node-linux-${process.arch}`;
  const program = join(prefix, "node_modules", name, "bin", "node");
  if (!existsSync(program)) {
    mkdirSync(prefix, { recursive: true });
    execFileSync(
      "npm",
      [
        "install",
        "--prefix",
        prefix,
        "--no-save",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
        `${name}@${nextNode}`,
      ],
      { stdio: "inherit" },
    );
  }
  return program;
}

step("npm test", "npm", ["test"]);
install();
step("formatting", "node_modules/.bin/prettier", ["--check", "--log-level", "warn", "."]);
step("lint", "node_modules/.bin/eslint", ["."]);
step("safe versions", process.execPath, ["tools/safe-versions.mjs"]);
step("tests with programs of the host", process.execPath, ["tools/test.mjs", "--real", "--no-build"]);
// What kills at random has been repeated often enough above.
step(`tests on Node ${nextNode}`, process.execPath, ["tools/test.mjs", "--no-build"], {
  OSTLER_TEST_NODE: nodeOfNextLine(),
  OSTLER_KILLS: "8",
});

const runs = readFileSync(counts, "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));
const sumOf = (key) => runs.reduce((sum, run) => sum + run[key], 0);
for (const failure of runs.flatMap(({ failures }) => failures)) console.log(`\nfailed test: ${failure}`);
for (const name of failed) console.log(`failed: ${name}`);
console.log(`\n${sumOf("passed")} passed, ${sumOf("failed")} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
