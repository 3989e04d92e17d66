import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { systemClock } from "../core/clock.js";
import { markedRun } from "../testing/marked-run.js";
import { tempDir } from "../testing/temp-dir.js";
import { until } from "../testing/until.js";
import { statOf } from "./proc.js";
import { endTree } from "./tree-end.js";

const never = new AbortController().signal;

test("who loses what tells where it belongs when it is asked to end is ended all the same", async () => {
  using dir = tempDir();
  const file = dir.at("pid");
  const loses = `trap "exec env -i /bin/sleep 600" TERM; echo $$ > ${file}; while :; do sleep 0.05; done`;
  const strays: number[] = [];
  using run = markedRun(`setsid sh -c '${loses}' &`, randomUUID(), () => strays);
  const stray = Number(await until(() => existsSync(file) && readFileSync(file, "utf8").trim()));
  strays.push(stray);
  const deadlineMs = systemClock.monotonic() + 1000;
  const { killed, survivors } = await endTree(run.identity, run.mark, { ask: true, deadlineMs }, systemClock, never);
  assert.deepEqual([killed.includes(stray), survivors], [true, []]);
  assert.notEqual(statOf(stray)?.ended, false);
});
