import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TestAgent } from "../helpers/agent.js";
import { freePort } from "../helpers/free-port.js";
import { needs, pathOf } from "./tools.js";

/** A configuration in two files, both below `etc`. */
function configure(directory: string, port: number): void {
  mkdirSync(join(directory, "etc/sites"), { recursive: true });
  mkdirSync(join(directory, "tmp"));
  writeFileSync(
    join(directory, "etc/nginx.conf"),
    `
daemon off;
${process.getuid?.() === 0 ? "user root;" : ""}
pid ${directory}/nginx.pid;
error_log ${directory}/error.log;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path ${directory}/tmp; proxy_temp_path ${directory}/tmp; fastcgi_temp_path ${directory}/tmp;
  uwsgi_temp_path ${directory}/tmp; scgi_temp_path ${directory}/tmp;
  include ${directory}/etc/sites/*;
}
`,
  );
  writeFileSync(
    join(directory, "etc/sites/main"),
    `server { listen 127.0.0.1:${port}; location / { return 200 "as it was\\n"; } }\n`,
  );
}

const servicesOf = (port: number): string => `agent: {data_dir: ./data, backups: {min_free: 1MiB}}
http: {listen: "127.0.0.1:0"}
services:
  nginx:
    command: [${pathOf("nginx")}, -c, DIR/etc/nginx.conf, -p, DIR, -e, DIR/error.log]
    listens: [tcp:${port}]
    stop: {signal: SIGQUIT, timeout: 10s}
    backups:
      - name: config
        paths: [etc]
        required: [etc/nginx.conf]
        drill:
          check: {command: [sh, -ec, 'test -s "$OSTLER_DRILL_DIR$PLACE/etc/sites/main"'], env: {PLACE: DIR}}
`;

test("the configuration of an nginx comes back after somebody has broken and deleted it", needs("nginx"), async () => {
  await using agent = TestAgent.prepare("services: {}");
  const { directory } = agent;
  const port = await freePort();
  configure(directory, port);
  agent.configure(servicesOf(port));
  await agent.run();
  await agent.ready("nginx");
  const said = async (...args: string[]): Promise<void> => {
    const { code, stderr } = await agent.ostler("backup", ...args);
    assert.equal(code, 0, stderr);
  };
  await said("create", "config");
  await said("drill", "config");
  const before = readFileSync(join(directory, "etc/nginx.conf"), "utf8");
  writeFileSync(join(directory, "etc/nginx.conf"), "broken\n");
  rmSync(join(directory, "etc/sites"), { recursive: true });
  await said("restore", "config", "--stop", "--yes");
  await agent.ready("nginx");
  assert.equal(readFileSync(join(directory, "etc/nginx.conf"), "utf8"), before);
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), "as it was\n");
});
