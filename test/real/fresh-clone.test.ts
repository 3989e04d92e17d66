import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { endServices } from "../helpers/agent.js";
import { freePort } from "../helpers/free-port.js";
import { until } from "../helpers/until.js";
import { needs } from "./tools.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));

test(
  "on a fresh clone `npm start` installs, builds, runs the quickstart, and says where everything is",
  needs("git", "npm"),
  async () => {
    const directory = mkdtempSync(join(tmpdir(), "ostler-clone-"));
    execFileSync("git", ["clone", "--quiet", root, directory]);
    // Its ports may be taken on this machine.
    const [http, greeter] = [await freePort(), await freePort()];
    const quickstart = join(directory, "examples/quickstart.yaml");
    writeFileSync(
      quickstart,
      readFileSync(quickstart, "utf8").replaceAll("9680", String(http)).replaceAll("8099", String(greeter)),
    );
    const npm = spawn("npm", ["start"], { cwd: directory, detached: true, stdio: ["ignore", "pipe", "inherit"] });
    let printed = "";
    npm.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
    const answers = async (path: string): Promise<boolean> => (await fetch(`http://127.0.0.1:${http}${path}`)).ok;
    await until(() => answers("/ready"), "the quickstart is ready", 300_000);
    for (const path of ["/health", "/ready", "/metrics", "/v1/events", "/v1/stream"])
      assert.match(printed, new RegExp(path));
    assert.match(await (await fetch(`http://127.0.0.1:${greeter}/`)).text(), /Hello, guest number 1!/);
    // Ctrl-C in a terminal reaches the whole group.
    process.kill(-(npm.pid ?? 0), "SIGINT");
    await once(npm, "exit");
    await assert.rejects(answers("/health"));
    endServices(join(directory, "examples/.ostler"));
    rmSync(directory, { recursive: true, maxRetries: 20, retryDelay: 50 });
  },
);
