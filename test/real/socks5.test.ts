import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { TestAgent } from "../helpers/agent.js";
import { freePort } from "../helpers/free-port.js";
import { until } from "../helpers/until.js";
import { needs, pathOf } from "./tools.js";

/** Starts a real proxy and a web server, and has an agent look at them by the checks that are made of their ports. */
async function throughProxy(
  args: string[],
  checks: (proxy: number, web: number) => string[],
  says: RegExp[],
): Promise<void> {
  await using agent = TestAgent.prepare("services: {}");
  const port = await freePort();
  const proxy = spawn(pathOf("microsocks") ?? "microsocks", ["-i", "127.0.0.1", "-p", String(port), ...args], {
    stdio: "ignore",
  });
  const ended = once(proxy, "exit");
  const web = createServer((_, response) => response.end("here")).listen(0, "127.0.0.1");
  try {
    await once(web, "listening");
    const list = checks(port, (web.address() as AddressInfo).port);
    const lines = list.map(
      (check, at) =>
        `      - {name: c${at}, kind: socks5, address: "127.0.0.1:${port}", role: info, every: 200ms, failures: 1, ${check}}`,
    );
    agent.configure(`services:\n  web:\n    command: [sleep, "1000"]\n    checks:\n${lines.join("\n")}\n`);
    await agent.run();
    for (const [at, wanted] of says.entries())
      await until(
        async () => {
          const check = (await agent.state()).services.web?.checks[`c${at}`];
          const said = `${check?.status}${check?.reason === undefined ? "" : `: ${check.reason}`}`;
          return wanted.test(said) || assert.fail(said);
        },
        `check ${at} says ${String(wanted)}`,
      );
  } finally {
    web.close();
    web.closeAllConnections();
    proxy.kill("SIGKILL");
    await ended;
  }
}

test(
  "a real proxy without login leads to a web server, and says what it cannot reach",
  needs("microsocks"),
  async () => {
    const closed = await freePort();
    await throughProxy(
      [],
      (_, web) => [
        `http: "http://127.0.0.1:${web}/"`,
        `target: "127.0.0.1:${web}"`,
        `http: "http://127.0.0.1:${web}/", status: [404]`,
        `target: "127.0.0.1:${closed}"`,
      ],
      [/^passed$/, /^passed$/, /answered 200$/, /the proxy was refused the connection \(code 5\)$/],
    );
  },
);

test("a real proxy with a login lets in who has it, and nobody else", needs("microsocks"), async () => {
  await throughProxy(
    ["-u", "me", "-P", "s3cret"],
    (_, web) => [
      `http: "http://127.0.0.1:${web}/", username: me, password: s3cret`,
      `target: "127.0.0.1:${web}", username: me, password: wrong`,
      `target: "127.0.0.1:${web}"`,
    ],
    [/^passed$/, /does not accept the username and password$/, /the proxy wants a login$/],
  );
});
