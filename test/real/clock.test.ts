import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { Envelope } from "@ostler/protocol";
import { fixture, TestAgent } from "../helpers/agent.js";
import { until } from "@ostler/sdk/testing";
import { clockOf, setClock } from "./clock.js";
import { needs } from "./tools.js";

const hour = 3_600_000;

/** An agent with a job every second, whose wall clock can be set. */
async function scheduled(): Promise<{ scheduledAgent: TestAgent; set: (offset: string) => void }> {
  const agent = TestAgent.prepare(
    `services: {shop: {command: [${fixture("one-shot.sh")}, ran, DIR/work], cron: {at: "* * * * * *", missed: run}}}\n`,
  );
  const file = join(agent.directory, "clock");
  Object.assign(agent.env, clockOf(file));
  await agent.run();
  return { scheduledAgent: agent, set: (offset) => setClock(file, offset) };
}

const due = async (agent: TestAgent): Promise<number[]> =>
  (await agent.events("service.triggered")).map(({ data }) => Date.parse(String(data.due)));

async function triggered(agent: TestAgent, isRight: (times: number[]) => boolean, what: string): Promise<number[]> {
  return until(
    async () => {
      const times = await due(agent);
      return isRight(times) ? times : undefined;
    },
    what,
    30_000,
  );
}

test(
  "a clock that is set forward by hours makes no burst of runs: they are told as missed, and made up for once",
  needs("faketime"),
  async () => {
    const { scheduledAgent, set } = await scheduled();
    await using agent = scheduledAgent;
    await triggered(agent, ({ length }) => length >= 2, "it has run twice");
    const before = await due(agent);
    set("+3h");
    const after = await triggered(
      agent,
      (times) => times.filter((ms) => ms > (before.at(-1) ?? 0) + hour).length >= 5,
      "it runs again at its times",
    );
    const later = after.filter((ms) => ms > (before.at(-1) ?? 0) + hour);
    const seconds = ((later.at(-1) ?? 0) - (later[0] ?? 0)) / 1000;
    assert.ok(later.length <= seconds + 2, `${later.length} runs within ${seconds} s`);
    const missed = await until(async () => {
      const events = await agent.events("service.run-missed");
      return events.length > 0 ? events : undefined;
    }, "it is told what was missed");
    assert.ok(missed.length <= 2, `told ${missed.length} times`);
    const { from, to } = spanOf(missed);
    assert.ok(to - from > 2 * hour);
  },
);

test("a clock that is set back by hours does not stop a schedule", needs("faketime"), async () => {
  const { scheduledAgent, set } = await scheduled();
  await using agent = scheduledAgent;
  await triggered(agent, ({ length }) => length >= 2, "it has run twice");
  const before = (await due(agent)).at(-1) ?? 0;
  set("-3h");
  const after = await triggered(
    agent,
    (times) => times.filter((ms) => ms < before - hour).length >= 3,
    "it runs at its times by the new clock",
  );
  const back = after.filter((ms) => ms < before - hour);
  assert.deepEqual(
    back,
    [...new Set(back)].sort((a, b) => a - b),
    "each time once, and in order",
  );
});

/** From the first time that was missed to the last. */
function spanOf(missed: readonly Envelope[]): { from: number; to: number } {
  const times = (key: "from" | "to"): number[] => missed.map(({ data }) => Date.parse(String(data[key])));
  return { from: Math.min(...times("from")), to: Math.max(...times("to")) };
}
