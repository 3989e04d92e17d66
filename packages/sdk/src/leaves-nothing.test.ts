import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Runs a small program against this SDK; resolves with how long it stayed alive after its last line. */
async function lingersMs(program: string): Promise<number> {
  const source = `
    import { Controller, Host, tokens } from "./index.js";
    import { FakeAgent } from "./testing.js";
    ${program}
    console.log("done");`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    cwd: here,
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 10_000,
  });
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  assert.equal(said.toString(), "done\n");
  const doneMs = performance.now();
  assert.deepEqual(await once(child, "exit"), [0, null]);
  return performance.now() - doneMs;
}

/** Ends at once means: nothing was left that had to time out. */
async function endsAtOnce(program: string): Promise<void> {
  const ms = await lingersMs(program);
  assert.ok(ms < 1000, `something kept the process alive for ${ms} ms`);
}

const listening = `
  const controller = await Controller.listen({ port: 0, auth: tokens({ a: "s" }) });
  const url = "ws://127.0.0.1:" + controller.port;`;

test("a controller that was closed leaves no server, socket or timer", () =>
  endsAtOnce(`${listening}
    const agent = await FakeAgent.connect(url, { token: "s" });
    await agent.acknowledged(1);
    void controller.events().next();
    controller.host("a").run("config.reload", {}).catch(() => undefined);
    await controller[Symbol.asyncDispose]();
    await agent[Symbol.asyncDispose]();`));

test("a reader that left its loop leaves nothing", () =>
  endsAtOnce(`${listening}
    const agent = await FakeAgent.connect(url, { token: "s" });
    for await (const _ of controller.events({ from: "stored" })) break;
    await agent[Symbol.asyncDispose]();
    await controller[Symbol.asyncDispose]();`));

test("an agent that was not welcome leaves nothing", () =>
  endsAtOnce(`${listening}
    await FakeAgent.connect(url, { token: "wrong" }).catch(() => undefined);
    await controller[Symbol.asyncDispose]();`));

test("a host that was closed leaves no socket, timer or attempt to reconnect", () =>
  endsAtOnce(`
    const agent = await FakeAgent.listen();
    const host = await Host.connect(agent.url);
    await agent[Symbol.asyncDispose]();
    await host.waitFor(({ connected }) => !connected);
    await host[Symbol.asyncDispose]();`));

test("a host that could not be connected leaves nothing", () =>
  endsAtOnce(`
    const agent = await FakeAgent.listen({ token: "s" });
    await Host.connect(agent.url, { token: "wrong" }).catch(() => undefined);
    await Host.connect("ws://127.0.0.1:1").catch(() => undefined);
    await agent[Symbol.asyncDispose]();`));
