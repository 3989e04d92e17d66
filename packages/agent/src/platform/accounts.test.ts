import assert from "node:assert/strict";
import { test } from "node:test";
import { tempDir } from "../testing/temp-dir.js";
import { findGroup, findUser, type Databases } from "./accounts.js";

const passwd = `root:x:0:0:root:/root:/bin/bash
www:x:33:34:www:/var/www:/usr/sbin/nologin
bare:x:40:40:::
`;
const group = "root:x:0:\nstaff:x:50:www\n";

/** Calls with databases of its own; `directory` is what an entry in no file gets as an answer. */
function withDatabases<T>(call: (databases: Databases) => T, directory = ""): T {
  using dir = tempDir();
  const ask = (): string => directory;
  return call({ passwd: dir.write("passwd", passwd), group: dir.write("group", group), ask });
}

test("a user is found by name or by number, with group, home and shell", () => {
  const www = { uid: 33, gid: 34, name: "www", home: "/var/www", shell: "/usr/sbin/nologin", listed: true };
  withDatabases((databases) => {
    assert.deepEqual(findUser("www", databases), www);
    assert.deepEqual(findUser("33", databases), www);
  });
});

test("a user without home and shell lives in / with a shell", () => {
  const bare = { uid: 40, gid: 40, name: "bare", home: "/", shell: "/bin/sh", listed: true };
  assert.deepEqual(
    withDatabases((databases) => findUser("bare", databases)),
    bare,
  );
});

test("who is in no file may be in the host's directory", () => {
  const found = withDatabases((databases) => findUser("ann", databases), "ann:*:7000:7001::/home/ann:/bin/zsh\n");
  assert.deepEqual(found, { uid: 7000, gid: 7001, name: "ann", home: "/home/ann", shell: "/bin/zsh", listed: true });
});

test("a number may belong to nobody, a name may not", () => {
  withDatabases((databases) => {
    const unknown = { uid: 4711, name: "4711", home: "/", shell: "/bin/sh", listed: false };
    assert.deepEqual(findUser("4711", databases), unknown);
    assert.match(JSON.stringify(findUser("nope", databases)), /There is no user \\"nope\\" on this host\. Create it/);
    assert.match(JSON.stringify(findGroup("nope", databases)), /There is no group \\"nope\\" on this host\. Create it/);
  });
});

test("a group is found by its name, and a number is one", () => {
  withDatabases((databases) => {
    assert.deepEqual(findGroup("staff", databases), { gid: 50 });
    assert.deepEqual(findGroup("4711", databases), { gid: 4711 });
  });
});

test("a database that cannot be read is told", () => {
  const databases = { passwd: "/does/not/exist", group: "/does/not/exist", ask: () => "" };
  assert.match(JSON.stringify(findUser("www", databases)), /"www\\" cannot be looked up: ENOENT/);
});

test("the real host knows root, and no user of an odd name", () => {
  assert.deepEqual(findGroup("root"), { gid: 0 });
  assert.equal((findUser("root") as { uid: number }).uid, 0);
  assert.match((findUser("no-such-user-here") as { reason: string }).reason, /There is no user/);
});
