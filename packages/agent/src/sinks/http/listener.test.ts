import assert from "node:assert/strict";
import { once } from "node:events";
import { statSync } from "node:fs";
import { connect } from "node:net";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import { selfSigned } from "../../testing/certificate.js";
import { serveTcp } from "../../testing/servers.js";
import { tempDir, type TempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { local } from "./auth.js";
import { ask, bearer, problemIn, serve } from "../../testing/http-sink.js";
import { Listener, type ListenerDeps, type Place } from "./listener.js";

const tokens = [{ id: "a", secret: "s" }];

/** A bare listener, without routes. */
function listen(place: Place, tls?: { cert: string; key: string }): Promise<Listener> {
  const deps = { sample: () => {}, upgrade: () => {} } as unknown as ListenerDeps;
  return Listener.start(place, tls, { routes: () => [], identify: () => local, streams: false }, deps);
}

function certificateIn(dir: TempDir): { cert: string; key: string } {
  const { cert, key } = selfSigned("agent");
  return { cert: dir.write("cert.pem", cert), key: dir.write("key.pem", key) };
}

test("the control socket can be opened by its owner alone, whatever the umask", async () => {
  const before = process.umask(0);
  await using agent = await serve();
  process.umask(before);
  assert.equal(statSync(agent.socket).mode & 0o777, 0o600);
});

test("listening leaves the umask as it was", async () => {
  using dir = tempDir();
  const before = process.umask(0o027);
  await using listener = await listen({ path: dir.at("sock") });
  assert.ok(listener);
  assert.equal(process.umask(before), 0o027);
});

test("a socket that a killed agent left is taken over, and removed at the end", async () => {
  using dir = tempDir();
  const path = dir.write("sock", "left over");
  const listener = await listen({ path });
  assert.equal(problemIn(await ask("/", { socketPath: path })), "404 not-found");
  await listener[Symbol.asyncDispose]();
  assert.throws(() => statSync(path), { code: "ENOENT" });
});

test("a socket path that is too long is refused with what to do", async () => {
  using dir = tempDir();
  const path = dir.at("x".repeat(200));
  await assert.rejects(listen({ path }), {
    code: "failed",
    message: `Cannot listen on ${path}: the path is longer than 107 bytes; set agent.run_dir to a shorter one.`,
  });
});

test("a port in use, a host that is not ours and a directory that is not there are refused with the reason", async () => {
  await using squatter = await serveTcp(() => {});
  const { port } = squatter;
  await assert.rejects(listen({ host: "127.0.0.1", port }), {
    message: `Cannot listen on 127.0.0.1:${port}: another program listens there (\`ss -ltnp\` tells which). Change http.listen, or end that program.`,
  });
  await assert.rejects(listen({ host: "192.0.2.1", port: 0 }), {
    message: /^Cannot listen on 192\.0\.2\.1:0: .*EADDRNOTAVAIL/,
  });
  await assert.rejects(listen({ path: "/nonexistent-directory/sock" }), {
    message: /^Cannot listen on \/nonexistent-directory\/sock: /,
  });
});

test("TLS is 1.3 or nothing", async () => {
  using dir = tempDir();
  await using agent = await serve({ tls: certificateIn(dir), tokens });
  assert.match(agent.url, /^https:/);
  assert.equal((await ask(`${agent.url}/health`, bearer("s"))).text, "OK\n");
  const speak = (maxVersion: "TLSv1.2" | "TLSv1.3"): Promise<string | null> =>
    new Promise((resolve, reject) => {
      const socket = connectTls({
        port: Number(new URL(agent.url).port),
        host: "127.0.0.1",
        rejectUnauthorized: false,
        maxVersion,
      });
      socket.on("error", reject);
      socket.on("secureConnect", () => {
        resolve(socket.getProtocol());
        socket.destroy();
      });
    });
  assert.equal(await speak("TLSv1.3"), "TLSv1.3");
  await assert.rejects(speak("TLSv1.2"), /protocol version/);
});

test("who speaks plain HTTP to a TLS port is hung up on, and others are served", async () => {
  using dir = tempDir();
  await using agent = await serve({ tls: certificateIn(dir), tokens });
  await assert.rejects(ask(`${agent.url.replace("https", "http")}/health`));
  assert.equal((await ask(`${agent.url}/health`, bearer("s"))).status, 200);
});

test("a certificate that cannot be read, or does not fit its key, is refused with the reason", async () => {
  using dir = tempDir();
  const { cert } = certificateIn(dir);
  const place = { host: "127.0.0.1", port: 0 };
  await assert.rejects(listen(place, { cert, key: dir.at("none") }), {
    message: /^Cannot listen on 127\.0\.0\.1:0: ENOENT.*none/,
  });
  await assert.rejects(listen(place, { cert, key: dir.write("other.pem", selfSigned("b").key) }), {
    message: /key values mismatch/,
  });
});

test("bytes that are no HTTP end their connection and nothing else", async () => {
  await using agent = await serve();
  const socket = connect(Number(new URL(agent.url).port), "127.0.0.1");
  socket.on("error", () => {});
  socket.resume();
  socket.write("\u0000\u0001 nonsense\r\n\r\n");
  await once(socket, "close");
  assert.equal((await ask(`${agent.url}/health`)).status, 200);
});

test("a request target that is no path is answered, not stumbled over", async () => {
  await using agent = await serve();
  const say = (line: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(Number(new URL(agent.url).port), "127.0.0.1");
      let text = "";
      socket.on("error", () => {});
      socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
      socket.on("close", () => resolve(text.split("\r\n")[0] ?? ""));
      socket.write(`${line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
    });
  assert.equal(await say("GET //"), "HTTP/1.1 404 Not Found");
  assert.equal(await say("GET ///"), "HTTP/1.1 404 Not Found");
  assert.equal(await say("GET http://localhost/health"), "HTTP/1.1 200 OK");
  assert.equal(await say("GET http://"), "HTTP/1.1 400 Bad Request");
  assert.equal(await say("OPTIONS *"), "HTTP/1.1 404 Not Found");
});

test("the end of the listener ends the connections that are open", async () => {
  const agent = await serve();
  const idle = connect(Number(new URL(agent.url).port), "127.0.0.1");
  idle.on("error", () => {});
  await once(idle, "connect");
  let isClosed = false;
  idle.on("close", () => (isClosed = true));
  await agent[Symbol.asyncDispose]();
  await until(() => isClosed, "the idle connection is closed");
});
