import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { TestAgent } from "../helpers/agent.js";
import { freePort } from "../helpers/free-port.js";
import { until } from "../helpers/until.js";
import { needs, pathOf } from "./tools.js";

const openssl = pathOf("openssl") ?? "openssl";

/** Makes NAME.pem and NAME.key in a directory, for localhost, for a number of days; by an authority where one is named. */
function makeCertificate(directory: string, name: string, days: number, authority?: string): void {
  const at = (file: string): string => join(directory, file);
  const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", String(days), "-subj", `/CN=${name}`];
  const names = ["-addext", "subjectAltName=DNS:localhost"];
  const by = authority === undefined ? [] : ["-CA", at(`${authority}.pem`), "-CAkey", at(`${authority}.key`)];
  const leaf = authority === undefined ? [] : [...names, "-addext", "basicConstraints=critical,CA:FALSE"];
  const out = ["-keyout", at(`${name}.key`), "-out", at(`${name}.pem`)];
  execFileSync(openssl, [...made, ...leaf, ...by, ...out], { stdio: "ignore" });
}

async function serve(
  directory: string,
  name: string,
  ...more: string[]
): Promise<{ server: ChildProcess; port: number }> {
  const port = await freePort();
  const files = ["-cert", join(directory, `${name}.pem`), "-key", join(directory, `${name}.key`)];
  const args = ["s_server", "-accept", `127.0.0.1:${port}`, "-quiet", ...files, ...more];
  return { port, server: spawn(openssl, args, { stdio: "ignore" }) };
}

test("each fault of a certificate and of its server is told apart", needs("openssl"), async () => {
  await using agent = TestAgent.prepare("services: {}");
  const { directory } = agent;
  makeCertificate(directory, "ca", 100);
  makeCertificate(directory, "stranger", 100);
  for (const [name, days] of [
    ["good", 60],
    ["short", 5],
    ["other", 60],
  ] as const)
    makeCertificate(directory, name, days, "ca");
  makeCertificate(directory, "foreign", 60, "stranger");
  const good = await serve(directory, "good");
  const short = await serve(directory, "short");
  const foreign = await serve(directory, "foreign");
  const old = await serve(directory, "good", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0");
  const middle = await serve(directory, "good", "-tls1_2");
  const servers = [good, short, foreign, old, middle].map(({ server }) => server);
  const ended = servers.map((server) => once(server, "exit"));
  try {
    const named = "server_name: localhost";
    const expected: Record<string, [port: number, more: string, tls: string, says: RegExp]> = {
      right: [good.port, "cert: good.pem, key: good.key", named, /^passed$/],
      twelve: [middle.port, "", named, /^passed$/],
      expiring: [short.port, "fail_before: 14d", named, /^failed: .*expires in 4 days/],
      foreign: [foreign.port, "", named, /^failed: .*was issued by CN=stranger, which does not lead to .*ca\.pem/],
      name: [good.port, "", "server_name: elsewhere", /^failed: .*is not for elsewhere, only for localhost/],
      key: [good.port, "cert: other.pem", named, /^failed: .*has another key than .*other\.pem/],
      pair: [good.port, "cert: good.pem, key: other.key", named, /^failed: .*other\.key is not the key of .*good\.pem/],
      old: [old.port, "", named, /^failed: .*speaks no TLS as new as 1\.2/],
      thirteen: [
        middle.port,
        "",
        "server_name: localhost, min_version: '1.3'",
        /^failed: .*speaks no TLS as new as 1\.3/,
      ],
    };
    const checks = Object.entries(expected).map(
      ([name, [port, more, tls]]) =>
        `      - {name: ${name}, kind: tls, address: "127.0.0.1:${port}", role: info, every: 200ms, timeout: 10s, failures: 1,` +
        ` tls: {ca: ca.pem, ${tls}}${more === "" ? "" : `, ${more}`}}`,
    );
    agent.configure(`services:\n  web:\n    command: [sleep, "1000"]\n    checks:\n${checks.join("\n")}\n`);
    await agent.run();
    for (const [name, [, , , says]] of Object.entries(expected)) {
      const said = await until(async () => {
        const check = (await agent.state()).services.web?.checks[name];
        const text = `${check?.status}${check?.reason === undefined ? "" : `: ${check.reason}`}`;
        return says.test(text) ? text : assert.fail(text);
      }, `${name} is told`);
      assert.match(said, says);
    }
  } finally {
    for (const server of servers) server.kill("SIGKILL");
    await Promise.all(ended);
  }
});
