import assert from "node:assert/strict";
import { test } from "node:test";
import { environmentOf } from "./environment.js";

test("a process inherits what it needs to find its way, and none of the agent's secrets", () => {
  const agent = {
    PATH: "/bin",
    HOME: "/root",
    LC_ALL: "C",
    TZ: "UTC",
    API_TOKEN: "s3cret",
    OSTLER_CONFIG: "x",
    NODE_OPTIONS: "y",
    NOTIFY_SOCKET: "z",
  };
  assert.deepEqual(environmentOf({}, agent), { PATH: "/bin", HOME: "/root", LC_ALL: "C", TZ: "UTC", NO_COLOR: "1" });
});

test("what is configured wins", () => {
  const environment = environmentOf({ PATH: "/opt/bin", NO_COLOR: "", API_TOKEN: "own" }, { PATH: "/bin" });
  assert.deepEqual(environment, { PATH: "/opt/bin", NO_COLOR: "", API_TOKEN: "own" });
});

test("an agent without a PATH still gives one", () => {
  assert.match(environmentOf({}, {}).PATH ?? "", /\/usr\/bin:/);
});

test("that of another user has this user's home and name, and nothing of the agent's session, unless it is configured", () => {
  const agent = { PATH: "/bin", HOME: "/root", USER: "root", LANG: "C", XDG_RUNTIME_DIR: "/run/user/0" };
  const www = { name: "www", home: "/var/www", shell: "/bin/false" };
  const own = { PATH: "/bin", NO_COLOR: "1", LANG: "C", USER: "www", LOGNAME: "www", SHELL: "/bin/false" };
  assert.deepEqual(environmentOf({}, agent, www), { ...own, HOME: "/var/www" });
  assert.deepEqual(environmentOf({ HOME: "/srv" }, agent, www), { ...own, HOME: "/srv" });
  assert.equal(environmentOf({}, agent).XDG_RUNTIME_DIR, "/run/user/0");
});
