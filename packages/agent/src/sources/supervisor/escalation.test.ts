import assert from "node:assert/strict";
import { test } from "node:test";
import { stopConfig } from "../../config/stop.js";
import { escalate, escalateLater } from "./escalation.js";
import type { Context, Effect, State } from "./states.js";
import { always, context as contextOf } from "../../testing/machine-walk.js";
import { noHistory } from "./restart-decision.js";

const escalation = [
  { signal: "SIGINT", after: "2s" },
  { signal: "SIGQUIT", after: "5s" },
];

const context = (stop: object): Context => contextOf(always, { stop: stopConfig.parse(stop) });

const stopping: State = { name: "stopping", run: 3, pid: 70, history: noHistory, next: { name: "stop" } };

function inWords(effect: Effect): string {
  if (effect.effect === "timer") return `${effect.input} in ${effect.afterMs}`;
  if (effect.effect === "escalate") return effect.signal;
  if (effect.effect !== "publish" || effect.event.type !== "service.signalled") return effect.effect;
  return `told ${effect.event.data.signal}, ${effect.event.data.timeoutMs} left`;
}

test("each signal of an escalation has its time, and is told with what is left of the timeout", () => {
  const stop = context({ escalation });
  assert.deepEqual(escalateLater(0, stop).map(inWords), ["escalate in 2000"]);
  const [second, first] = escalate(stopping, stop);
  assert.deepEqual(first.map(inWords), ["told SIGINT, 8000 left", "SIGINT", "escalate in 3000"]);
  const [third, then] = escalate(second, stop);
  assert.deepEqual(then.map(inWords), ["told SIGQUIT, 5000 left", "SIGQUIT"]);
  assert.deepEqual(escalate(third, stop), [third, []]);
});

test("what has no escalation, or is not being stopped any more, is not asked again", () => {
  assert.deepEqual(escalateLater(0, context({})), []);
  assert.deepEqual(escalate(stopping, context({})), [stopping, []]);
  const stopped: State = { name: "stopped", run: 3, history: noHistory };
  assert.deepEqual(escalate(stopped, context({ escalation })), [stopped, []]);
});
