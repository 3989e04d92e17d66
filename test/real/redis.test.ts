import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { TestAgent } from "../helpers/agent.js";
import { freePort } from "../helpers/free-port.js";
import { liveThrough } from "./story.js";
import { needs, pathOf } from "./tools.js";

test("a real redis-server lives under the agent", needs("redis-server", "redis-cli"), async () => {
  await using agent = TestAgent.prepare("services: {}");
  const port = await freePort();
  writeFileSync(
    join(agent.directory, "redis.conf"),
    `bind 127.0.0.1\nport ${port}\ndir ${agent.directory}\nappendonly yes\nsave 20 1\ndaemonize no\n`,
  );
  const services = `
services:
  redis:
    command: [${pathOf("redis-server")}, DIR/redis.conf]
    listens: [tcp:${port}]
    restart: {backoff: {initial: 50ms}}
    stop: {timeout: 20s}
    checks:
      - {name: port, kind: tcp, address: "127.0.0.1:${port}"}
      - {name: ping, kind: exec, command: [sh, -c, "${pathOf("redis-cli")} -p ${port} ping || exit 2"]}
      - {name: alive, kind: exec, role: liveness, command: [sh, -c, "${pathOf("redis-cli")} -p ${port} ping || exit 2"]}
`;
  await liveThrough(agent, { services, name: "redis", answers: () => ping(port) });
});

/** Speaks to Redis itself. */
async function ping(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.write("PING\r\n");
  const [answer] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return answer.toString() === "+PONG\r\n";
}
