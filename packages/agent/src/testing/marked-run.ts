import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { statOf, type Identity } from "../platform/proc.js";
import { runVariable, treeOf } from "../platform/tree.js";

/** A script that runs in a session of its own, with a mark, as the supervisor does it. */
export type MarkedRun = Disposable & { identity: Identity; mark: string };

/** Starts a run; disposing it ends everything of it that can be found, and `strays`: who can not. */
export function markedRun(script: string, mark: string, strays: () => Iterable<number> = () => []): MarkedRun {
  const env = { PATH: process.env.PATH, [runVariable]: mark };
  const { pid = assert.fail() } = spawn("sh", ["-c", script], { stdio: "ignore", detached: true, env });
  const identity = { pid, startTicks: statOf(pid)?.startTicks ?? assert.fail() };
  return {
    identity,
    mark,
    [Symbol.dispose]: () => {
      for (const one of new Set([...strays(), ...treeOf(identity, mark)]))
        if (statOf(one)) process.kill(one, "SIGKILL");
    },
  };
}
