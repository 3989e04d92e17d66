// `npm test`: every test that needs nothing but Node. `--real` runs those that need programs of the host instead.
import { spawnSync } from "node:child_process";
import { appendFileSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, install, root } from "./install.mjs";

const real = process.argv.includes("--real");
const node = process.env.OSTLER_TEST_NODE ?? process.execPath;
if (!process.argv.includes("--no-build")) {
  install();
  build();
}

/** Compiled tests below a directory. */
function testsBelow(directory) {
  const files = readdirSync(join(root, directory), { recursive: true });
  return files
    .filter((file) => file.endsWith(".test.js"))
    .map((file) => join(directory, file))
    .sort();
}

const whole = testsBelow("test/dist");
const isReal = (file) => file.startsWith(join("test/dist", "real"));
const files = real
  ? whole.filter(isReal)
  : [
      ...testsBelow("packages/protocol/dist"),
      ...testsBelow("packages/sdk/dist"),
      ...testsBelow("packages/agent/dist"),
      ...whole.filter((file) => !isReal(file)),
    ];
const named = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const chosen = named.length === 0 ? files : files.filter((file) => named.some((name) => file.includes(name)));

const counts = join(tmpdir(), `ostler-test-${process.pid}.json`);
const reporters = [
  "--test-reporter=spec",
  "--test-reporter-destination=stdout",
  `--test-reporter=${join(root, "tools/count-reporter.mjs")}`,
  `--test-reporter-destination=${counts}`,
];
const { status } = spawnSync(
  node,
  ["--test", "--test-concurrency=2", "--test-timeout=600000", ...reporters, ...chosen],
  { cwd: root, stdio: "inherit" },
);
const { passed, failed, skipped, failures } = JSON.parse(readFileSync(counts, "utf8"));
rmSync(counts);
// For whoever adds up several runs.
if (process.env.OSTLER_TEST_COUNTS)
  appendFileSync(process.env.OSTLER_TEST_COUNTS, `${JSON.stringify({ passed, failed, failures })}\n`);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} not run` : ""}`);
process.exitCode = status === 0 && failed === 0 ? 0 : 1;
