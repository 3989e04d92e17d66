import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TestAgent } from "../helpers/agent.js";
import { freePort } from "../helpers/free-port.js";
import { until } from "../helpers/until.js";
import { needs, pathOf } from "./tools.js";

const caddyfile = (directory: string, port: number): string => `{
  admin off
  auto_https disable_redirects
  skip_install_trust
  storage file_system ${directory}/caddy
}
https://localhost:${port} {
  bind 127.0.0.1
  tls internal
  respond "here"
}
`;

const checks = (port: number): string => `
services:
  web:
    command: [sleep, "1000"]
    checks:
      - {name: quic, kind: quic, address: "127.0.0.1:${port}", versions: ["1"], every: 200ms}
      - {name: future, kind: quic, role: info, address: "127.0.0.1:${port}", versions: ["0xfffffff1"], every: 200ms, failures: 1}
`;

test("a real server of HTTP/3 is known by its answer, and missed when it has ended", needs("caddy"), async () => {
  await using agent = TestAgent.prepare("services: {}");
  const { directory } = agent;
  const port = await freePort();
  const home = join(directory, "caddy");
  mkdirSync(home);
  writeFileSync(join(directory, "Caddyfile"), caddyfile(directory, port));
  const caddy = spawn(pathOf("caddy") ?? "caddy", ["run", "--config", join(directory, "Caddyfile")], {
    env: { ...process.env, HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home },
    stdio: "ignore",
  });
  const ended = once(caddy, "exit");
  try {
    agent.configure(checks(port));
    await agent.run();
    await agent.ready("web");
    const standing = async (name: string): Promise<string> => {
      const check = (await agent.state()).services.web?.checks[name];
      return `${check?.status}: ${check?.reason}`;
    };
    const wanting = await until(async () => {
      const said = await standing("future");
      return said.includes("does not offer") ? said : undefined;
    });
    assert.match(wanting, /does not offer QUIC 0xfffffff1, only .*\b1\b/);
    caddy.kill("SIGKILL");
    await ended;
    await until(async () => (await standing("quic")).includes("is closed: nobody listens there"), "it is missed");
  } finally {
    caddy.kill("SIGKILL");
    await ended;
  }
});
