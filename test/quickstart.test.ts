import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { spawn } from "node:child_process";
import { TestAgent } from "./helpers/agent.js";
import { freePort } from "./helpers/free-port.js";
import { until } from "./helpers/until.js";
import { once } from "node:events";

const root = fileURLToPath(new URL("../../", import.meta.url));

test("the quickstart's service becomes ready, greets, and remembers its count over a crash", async () => {
  const port = await freePort();
  const quickstart = readFileSync(join(root, "examples/quickstart.yaml"), "utf8")
    .replaceAll("8099", String(port))
    .replace("9680", "0")
    .replace("./.ostler", "./data")
    .replace(".ostler/greeter-state.json", "greeter-state.json")
    .replace("greeter/greeter.mjs", join(root, "examples/greeter/greeter.mjs"));
  await using agent = TestAgent.prepare("services: {}");
  agent.configure(`# no agent section is added\n${quickstart}`);
  await agent.run();
  await agent.ready("greeter");
  const greet = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/`)).text();
  assert.equal(await greet(), "Hello, guest number 1!\n");
  process.kill(await agent.pidOf("greeter"), "SIGKILL");
  await until(async () => (await agent.events("service.restarted")).length === 1);
  await agent.ready("greeter");
  assert.equal(await greet(), "Hello, guest number 2!\n");
  assert.match(
    agent.output,
    /is running; Ctrl-C ends it[^]*\/health[^]*\/ready[^]*\/metrics[^]*\/v1\/events[^]*\/v1\/stream/,
  );
});

test("examples/watch.ts prints what happens on a host, and restarts what gives up", async () => {
  await using agent = TestAgent.prepare("services: {}");
  const watch = spawn(process.execPath, [join(root, "examples/dist/watch.js")], {
    env: { ...process.env, PORT: "0", NODE_A_TOKEN: "t", STORE: join(agent.directory, "events") },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  watch.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  const port = await until(() => /waiting for agents on port (\d+)/.exec(printed)?.[1]);
  agent.configure(`
services: {once: {command: ["false"], restart: {policy: never}}}
controllers: [{url: "ws://127.0.0.1:${port}", token: t, commands: ["service.*"]}]
`);
  await agent.run();
  await until(() => /node-a \S+ ostler\.service\.gave-up once/.test(printed));
  await until(async () =>
    (await agent.events("command.accepted")).some(({ data }) => data.reason === "watch.ts saw it give up"),
  );
  watch.kill("SIGINT");
  await once(watch, "exit");
});
