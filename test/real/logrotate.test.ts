import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { join } from "node:path";
import { suite, test } from "node:test";
import { TestAgent } from "../helpers/agent.js";
import { until } from "../helpers/until.js";
import { needs, pathOf } from "./tools.js";

const rotations = 12;

/** Writes numbered lines until it is ended; opens its file again when it is told to, as services do. Prints the last number. */
const writer = `
const { openSync, closeSync, writeSync } = require("node:fs");
const path = process.argv[1];
let file = openSync(path, "a"), number = 0;
process.on("SIGHUP", () => { closeSync(file); file = openSync(path, "a"); });
process.on("SIGTERM", () => { console.log(number); process.exit(0); });
setInterval(() => { let text = ""; for (let at = 0; at < 50; at++) text += "line " + ++number + "\\n"; writeSync(file, text); }, 1);
`;

const kinds: [name: string, settings: string][] = [
  ["rename and create", "create\n  delaycompress\n  compress"],
  ["copytruncate", "copytruncate"],
  ["compressed at once", "create\n  compress"],
];

suite("a log that logrotate rotates", needs("logrotate"), () => {
  for (const [name, settings] of kinds)
    test(`${name}: each line that is in a file is followed once, also when the agent is killed`, async () => {
      await using agent = await TestAgent.start(`
services:
  web:
    command: [sleep, "1000"]
    logs: [{name: it, file: DIR/it.log, from: beginning, forward: {file: DIR/forwarded, max_size: 1GiB}}]
`);
      const path = join(agent.directory, "it.log");
      const forwarded = join(agent.directory, "forwarded");
      const lines = (file: string): string[] => readFileSync(file, "utf8").split("\n").slice(0, -1);
      const size = (): number => (existsSync(forwarded) ? statSync(forwarded).size : 0);
      const child = spawn(process.execPath, ["-e", writer, path], { stdio: ["ignore", "pipe", "inherit"] });
      let printed = "";
      child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
      const conf = join(agent.directory, "rotate.conf");
      const tell = name === "copytruncate" ? "" : `postrotate\n    kill -HUP ${child.pid}\n  endscript`;
      writeFileSync(conf, `${path} {\n  rotate 1000\n  ${settings}\n  ${tell}\n}\n`, { mode: 0o644 });
      for (let round = 0; round < rotations; round++) {
        const before = size();
        await until(() => size() > before, "something was followed");
        if (round % 4 === 1) await agent.end("SIGKILL");
        const rotated = names(agent.directory).length;
        const done = spawnSync(pathOf("logrotate") ?? "", ["--force", "--state", join(agent.directory, "state"), conf]);
        assert.equal(done.status, 0, done.stderr.toString());
        if (round % 4 === 1) await agent.run();
        assert.ok(names(agent.directory).length >= rotated);
      }
      child.kill("SIGTERM");
      await once(child, "close");
      const written = Number(printed);
      // What is written between copy and truncate is in no file: logrotate loses that by itself, and says so.
      const kept = new Set(
        names(agent.directory).flatMap((file) => textOf(join(agent.directory, file)).split("\n").slice(0, -1)),
      );
      // So is what a service writes into a file that is being packed, before it has heard of the rotation.
      if (name === "rename and create") assert.equal(kept.size, written);
      await until(() => lines(forwarded).length >= kept.size, "everything has come").catch(() => undefined);
      const followed = lines(forwarded);
      const seen = new Set(followed);
      assert.deepEqual([...kept].filter((line) => !seen.has(line)).slice(0, 5), [], "lost");
      assert.equal(seen.size, followed.length, "doubled");
    });
});

function names(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.startsWith("it.log"));
}

function textOf(path: string): string {
  const bytes = readFileSync(path);
  return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
}
