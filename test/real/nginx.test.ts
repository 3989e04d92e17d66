import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { TestAgent } from "../helpers/agent.js";
import { until } from "../helpers/until.js";
import { freePort } from "../helpers/free-port.js";
import { liveThrough } from "./story.js";
import { needs, pathOf } from "./tools.js";

/** A configuration of nginx with its master, two workers and everything below the directory of the test. */
function nginxConf(directory: string, port: number): string {
  return `
daemon off;
master_process on;
worker_processes 2;
${process.getuid?.() === 0 ? "user root;" : ""}
pid ${directory}/nginx.pid;
error_log ${directory}/error.log;
events { worker_connections 64; }
http {
  access_log ${directory}/access.log;
  client_body_temp_path ${directory}/tmp; proxy_temp_path ${directory}/tmp; fastcgi_temp_path ${directory}/tmp;
  uwsgi_temp_path ${directory}/tmp; scgi_temp_path ${directory}/tmp;
  server { listen 127.0.0.1:${port}; location / { return 200 "nginx here\\n"; } }
}
`;
}

const services = (port: number): string => `
services:
  nginx:
    command: [${pathOf("nginx")}, -c, DIR/nginx.conf, -p, DIR, -e, DIR/error.log]
    listens: [tcp:${port}]
    restart: {backoff: {initial: 50ms}}
    stop: {signal: SIGQUIT, timeout: 10s}
    checks:
      - {name: page, kind: http, url: "http://127.0.0.1:${port}/"}
`;

test("a real nginx, master and workers, lives under the agent", needs("nginx"), async () => {
  await using agent = TestAgent.prepare("services: {}");
  const port = await freePort();
  mkdirSync(join(agent.directory, "tmp"));
  writeFileSync(join(agent.directory, "nginx.conf"), nginxConf(agent.directory, port));
  const answers = async (): Promise<boolean> =>
    (await (await fetch(`http://127.0.0.1:${port}/`)).text()) === "nginx here\n";
  await liveThrough(agent, { services: services(port), name: "nginx", answers });
});

test("a service is not ready while another program answers on its port", needs("nginx"), async () => {
  await using agent = TestAgent.prepare("services: {}");
  const port = await freePort();
  const squatter = createServer((_, response) => response.end("not nginx\n")).listen(port, "127.0.0.1");
  mkdirSync(join(agent.directory, "tmp"));
  writeFileSync(join(agent.directory, "nginx.conf"), nginxConf(agent.directory, port));
  agent.configure(services(port));
  await agent.run();
  await until(async () => (await agent.events("service.exited")).length > 1);
  assert.equal(await agent.isReady("nginx"), false);
  squatter.close();
  squatter.closeAllConnections();
  await agent.ready("nginx");
});
