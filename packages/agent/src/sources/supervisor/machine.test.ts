import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Exit } from "@ostler/protocol";
import { step, type Context, type Effect, type Input, type Policy, type State } from "./machine.js";

const code = (value: number): Exit => ({ kind: "code", code: value });
const signal = (name: string): Exit => ({ kind: "signal", signal: name, core: false });

const start: Input = { input: "start" };
const stop: Input = { input: "stop" };
const restart: Input = { input: "restart", because: "asked", backOff: false };
const cure: Input = { input: "restart", because: "unhealthy", backOff: true };
const due: Input = { input: "restart-due" };
const stable: Input = { input: "stable" };
const started = (run: number): Input => ({ input: "started", run, pid: 100 + run, startTicks: run });
const failed = (run: number): Input => ({ input: "start-failed", run, reason: "no program" });
const adopted = (run: number): Input => ({ input: "adopted", run, pid: 100 + run, startTicks: run, uptimeMs: 5 });
const exited = (run: number, exit: Exit = code(1)): Input => ({
  input: "exited",
  run,
  pid: 100 + run,
  exit,
  uptimeMs: 7,
  whileAway: false,
});

const always: Policy = { policy: "always", backoff: { initial: 1000, max: 60_000 }, stable_after: 60_000 };
const onFailure: Policy = { ...always, policy: "on-failure" };
const never: Policy = { ...always, policy: "never" };
const atOnce: Policy = { ...always, backoff: { initial: 0, max: 0 } };

const stopped: State = { name: "stopped", run: 0 };

/** Every step as `state: effects`, from a stopped process on. */
function walk(inputs: readonly Input[], policy: Policy = always, from: State = stopped): string[] {
  const context: Context = {
    service: "web",
    process: "main",
    restart: policy,
    stop: { signal: "SIGTERM", timeout: 10_000 },
    random: () => 0.5,
  };
  let state = from;
  return inputs.map((input) => {
    const [next, effects] = step(state, input, context);
    state = next;
    return [inWords(state), ...effects.map(effectInWords)].join(" ");
  });
}

function last(...walked: Parameters<typeof walk>): string {
  return walk(...walked).at(-1) ?? "";
}

function inWords(state: State): string {
  const attempt = "attempt" in state && state.attempt > 0 ? `#${state.attempt}` : "";
  const next = "next" in state ? `(${state.next.name})` : "";
  return `${state.name}${next}${attempt}@${state.run}:`;
}

function effectInWords(effect: Effect): string {
  switch (effect.effect) {
    case "spawn":
      return `spawn-${effect.run}`;
    case "signal":
      return "signal";
    case "timer":
      return `${effect.input}-in-${effect.afterMs}`;
    case "clear-timers":
      return "clear";
    case "publish":
      return effect.event.type.slice("service.".length);
    default:
      return effect satisfies never;
  }
}

suite("a stopped process", () => {
  test("begins its first run when it is started", () => {
    assert.equal(last([start]), "starting@1: clear spawn-1");
  });
  test("stays stopped when it is stopped", () => {
    assert.equal(last([stop]), "stopped@0:");
  });
  test("begins when it is restarted", () => {
    assert.equal(last([restart]), "starting@1: clear spawn-1");
  });
  test("ignores whatever belongs to no run of its own", () => {
    assert.deepEqual(
      walk([started(1), failed(1), exited(1), due, stable]),
      Array.from({ length: 5 }, () => "stopped@0:"),
    );
  });
  test("runs again under the next number", () => {
    assert.equal(last([start, started(1), stop, exited(1), start]), "starting@2: clear spawn-2");
  });
});

suite("a starting process", () => {
  test("runs once its keeper says so, and counts as stable after a while", () => {
    assert.equal(last([start, started(1)]), "running@1: started stable-in-60000");
  });
  test("is not started twice", () => {
    assert.equal(last([start, start]), "starting@1:");
  });
  test("that could not be started waits for the next attempt", () => {
    assert.equal(last([start, failed(1)]), "waiting#1@1: start-failed clear delayed restart-due-in-500");
  });
  test("that could not be started gives up where its policy says never", () => {
    assert.equal(last([start, failed(1)], never), "gave-up@1: start-failed clear gave-up");
  });
  test("that could not be started has failed, so on-failure tries again", () => {
    assert.equal(last([start, failed(1)], onFailure), "waiting#1@1: start-failed clear delayed restart-due-in-500");
  });
  test("that is stopped is stopped as soon as it runs", () => {
    assert.deepEqual(walk([start, stop, started(1)]).slice(1), [
      "cancelling(stop)@1:",
      "stopping(stop)@1: started clear signalled signal",
    ]);
  });
  test("that is stopped and could not be started rests", () => {
    assert.equal(last([start, stop, failed(1)]), "stopped@1: start-failed clear stopped");
  });
  test("that is restarted is stopped as soon as it runs, and begins anew", () => {
    assert.deepEqual(walk([start, restart, started(1), exited(1, signal("SIGTERM"))]).slice(1), [
      "cancelling(restart)@1:",
      "stopping(restart)@1: started clear signalled signal",
      "starting@2: exited clear spawn-2",
    ]);
  });
  test("that is restarted and could not be started tries again", () => {
    assert.equal(last([start, restart, failed(1)]), "waiting#1@1: start-failed clear delayed restart-due-in-500");
  });
  test("changes its mind with whoever asks last", () => {
    assert.deepEqual(walk([start, stop, start, stop, restart]).slice(1), [
      "cancelling(stop)@1:",
      "cancelling(restart)@1:",
      "cancelling(stop)@1:",
      "cancelling(restart)@1:",
    ]);
  });
  test("does not listen to another run's news", () => {
    assert.deepEqual(walk([start, started(7), failed(7), exited(7), due, stable]).slice(1), [
      "starting@1:",
      "starting@1:",
      "starting@1:",
      "starting@1:",
      "starting@1:",
    ]);
  });
});

suite("a running process", () => {
  test("that is started goes on", () => {
    assert.equal(last([start, started(1), start]), "running@1:");
  });
  test("that is stopped gets its signal", () => {
    assert.equal(last([start, started(1), stop]), "stopping(stop)@1: clear signalled signal");
  });
  test("that is restarted gets its signal, then begins anew without delay", () => {
    assert.deepEqual(walk([start, started(1), restart, exited(1, signal("SIGTERM")), started(2)]).slice(2), [
      "stopping(restart)@1: clear signalled signal",
      "starting@2: exited clear spawn-2",
      "running@2: restarted stable-in-60000",
    ]);
  });
  test("that ends comes back after a part of the back-off", () => {
    assert.deepEqual(walk([start, started(1), exited(1), due, started(2)]).slice(2), [
      "waiting#1@1: exited clear delayed restart-due-in-500",
      "starting#1@2: clear spawn-2",
      "running#1@2: restarted stable-in-60000",
    ]);
  });
  test("that ends comes back at once where there is no back-off", () => {
    assert.equal(last([start, started(1), exited(1)], atOnce), "starting#1@2: exited clear clear spawn-2");
  });
  test("waits twice as long each time it ends again, up to the maximum", () => {
    const crash = (run: number): Input[] => [started(run), exited(run), due];
    const waits = walk([start, ...Array.from({ length: 9 }, (_, at) => crash(at + 1)).flat()])
      .flatMap((step) => /restart-due-in-(\d+)/.exec(step)?.[1] ?? [])
      .map(Number);
    assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });
  test("that ran long enough begins again with the first delay", () => {
    const walked = last([start, started(1), exited(1), due, started(2), exited(2), due, started(3), stable, exited(3)]);
    assert.equal(walked, "waiting#1@3: exited clear delayed restart-due-in-500");
  });
  test("that ends well comes back under the policy always", () => {
    assert.equal(last([start, started(1), exited(1, code(0))]).split(":")[0], "waiting#1@1");
  });
  test("that ends well rests under on-failure", () => {
    assert.equal(last([start, started(1), exited(1, code(0))], onFailure), "completed@1: exited clear completed");
  });
  for (const name of ["SIGHUP", "SIGINT", "SIGTERM", "SIGPIPE"])
    test(`that ends by ${name} has ended well`, () => {
      assert.equal(last([start, started(1), exited(1, signal(name))], onFailure).split(":")[0], "completed@1");
    });
  for (const exit of [code(1), signal("SIGKILL"), signal("SIGSEGV"), { kind: "unknown", reason: "" } as const])
    test(`that ends by ${JSON.stringify(exit)} has failed`, () => {
      assert.equal(last([start, started(1), exited(1, exit)], onFailure).split(":")[0], "waiting#1@1");
    });
  test("that ends badly under never is given up", () => {
    assert.equal(last([start, started(1), exited(1)], never), "gave-up@1: exited clear gave-up");
  });
  test("that ends well under never has completed", () => {
    assert.equal(last([start, started(1), exited(1, code(0))], never), "completed@1: exited clear completed");
  });
  test("does not end with another run", () => {
    assert.deepEqual(walk([start, started(1), exited(2), started(1), failed(1), due]).slice(2), [
      "running@1:",
      "running@1:",
      "running@1:",
      "running@1:",
    ]);
  });
  test("may be one that was found running", () => {
    assert.equal(last([adopted(4)]), "running@4: adopted stable-in-59995");
  });
});

suite("a stopping process", () => {
  const stopping = [start, started(1), stop];
  test("rests when it has ended", () => {
    assert.equal(last([...stopping, exited(1, signal("SIGTERM"))]), "stopped@1: exited clear stopped");
  });
  test("rests under every policy, because somebody wanted it", () => {
    assert.equal(last([...stopping, exited(1)], onFailure), "stopped@1: exited clear stopped");
  });
  test("is not signalled twice", () => {
    assert.equal(last([...stopping, stop]), "stopping(stop)@1:");
  });
  test("begins anew when it was started or restarted meanwhile", () => {
    assert.equal(last([...stopping, start, exited(1)]), "starting@2: exited clear spawn-2");
    assert.equal(last([...stopping, restart, exited(1)]), "starting@2: exited clear spawn-2");
  });
  test("stays stopped when the restart was taken back", () => {
    assert.equal(last([...stopping, restart, stop, exited(1)]), "stopped@1: exited clear stopped");
  });
  test("pays no attention to its timers and to other runs", () => {
    assert.deepEqual(walk([...stopping, due, stable, started(1), failed(1), exited(9)]).slice(3), [
      "stopping(stop)@1:",
      "stopping(stop)@1:",
      "stopping(stop)@1:",
      "stopping(stop)@1:",
      "stopping(stop)@1:",
    ]);
  });
  test("that is restarted as a cure backs off like one that crashed", () => {
    assert.deepEqual(walk([start, started(1), cure, exited(1), due, started(2), cure, exited(2)]).slice(2), [
      "stopping(restart)@1: clear signalled signal",
      "waiting#1@1: exited clear delayed restart-due-in-500",
      "starting#1@2: clear spawn-2",
      "running#1@2: restarted stable-in-60000",
      "stopping(restart)#1@2: clear signalled signal",
      "waiting#2@2: exited clear delayed restart-due-in-1000",
    ]);
  });
});

suite("a waiting process", () => {
  const waiting = [start, started(1), exited(1)];
  test("begins at once when somebody starts it, with all its attempts again", () => {
    assert.deepEqual(walk([...waiting, start, started(2)]).slice(3), [
      "starting@2: clear spawn-2",
      "running@2: restarted stable-in-60000",
    ]);
  });
  test("begins at once when somebody restarts it", () => {
    assert.equal(last([...waiting, restart]), "starting@2: clear spawn-2");
  });
  test("is not hurried by a cure", () => {
    assert.equal(last([...waiting, cure]), "waiting#1@1:");
  });
  test("rests when it is stopped", () => {
    assert.equal(last([...waiting, stop]), "stopped@1: clear stopped");
  });
  test("pays no attention to what is over", () => {
    assert.deepEqual(walk([...waiting, stable, exited(1), started(1), failed(1)]).slice(3), [
      "waiting#1@1:",
      "waiting#1@1:",
      "waiting#1@1:",
      "waiting#1@1:",
    ]);
  });
});

for (const [name, ending, policy] of [
  ["completed", exited(1, code(0)), onFailure],
  ["gave-up", exited(1), never],
] as const)
  suite(`a process that ${name}`, () => {
    const over = [start, started(1), ending];
    test("begins anew when it is started", () => {
      assert.equal(last([...over, start], policy), "starting@2: clear spawn-2");
    });
    test("begins anew when it is restarted", () => {
      assert.equal(last([...over, restart], policy), "starting@2: clear spawn-2");
    });
    test("is stopped when it is stopped", () => {
      assert.equal(last([...over, stop], policy), "stopped@1: clear stopped");
    });
    test("pays no attention to what is over", () => {
      assert.deepEqual(
        walk([...over, due, stable, exited(1), started(1)], policy).slice(3),
        Array.from({ length: 4 }, () => `${name}@1:`),
      );
    });
  });
