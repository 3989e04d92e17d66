import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { test } from "node:test";
import { TestAgent } from "../helpers/agent.js";
import { until } from "../helpers/until.js";
import { needs, pathOf } from "./tools.js";

/** What is only loaded when it is needed must be there in the agent that ships, which is one file. */
const config = `
agent: {data_dir: ./data}
http:
  listen: "127.0.0.1:0"
  tls: {cert: ./cert.pem, key: ./key.pem}
  tokens: [{id: ops, secret: a-long-enough-secret-for-a-test, scopes: [admin]}]
  debug: true
services:
  web:
    command: [sleep, "1000"]
    checks: [{name: secure, kind: http, url: "URL/health", every: 200ms}]
`;

test("the agent that ships serves TLS, looks into itself and asks others over TLS", needs("openssl"), async () => {
  await using agent = TestAgent.prepare(config.trimStart().replace("URL", "https://127.0.0.1:1"));
  const file = (name: string): string => join(agent.directory, name);
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const made = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", ...subject];
  execFileSync(pathOf("openssl") ?? "", ["req", ...made, "-keyout", file("key.pem"), "-out", file("cert.pem")], {
    stdio: "ignore",
  });
  await agent.run();
  const url = await agent.url();
  assert.match(url, /^https:\/\/127\.0\.0\.1:/);
  const ask = async (path: string): Promise<number> => {
    const headers = { authorization: "Bearer a-long-enough-secret-for-a-test" };
    const asked = request(`${url}${path}`, { ca: readFileSync(file("cert.pem")), headers, agent: false }).end();
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    answer.resume();
    await once(answer, "end");
    return answer.statusCode ?? 0;
  };
  assert.equal(await ask("/health"), 200);
  assert.equal(await ask("/debug/profile?seconds=1"), 200);
  assert.equal(await ask("/debug/heap"), 200);
  agent.configure(config.trimStart().replace("URL", url));
  assert.equal((await agent.ostler("reload")).code, 0);
  const reason = await until(async () => {
    const check = (await agent.state()).services.web?.checks.secure;
    return check?.reason?.includes("certificate") ? check.reason : undefined;
  }, "the check says that nobody vouches for this certificate");
  assert.match(reason, /self-signed certificate/);
});
