import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Exit } from "@ostler/protocol";
import { step } from "./machine.js";
import type { Context, Input, State } from "./states.js";
import { noHistory, type Policy } from "./restart-decision.js";
import {
  code,
  signal,
  start,
  stop,
  restart,
  cure,
  due,
  stable,
  started,
  failed,
  adopted,
  exited,
  ready,
  unready,
  always,
  onFailure,
  never,
  atOnce,
  stopped,
  context,
  walk,
  last,
  inWords,
  effectInWords,
} from "../../testing/machine-walk.js";

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
  test("runs once its keeper says so", () => {
    assert.equal(last([start, started(1)]), "running@1: started");
  });
  test("is not started twice", () => {
    assert.equal(last([start, start]), "starting@1:");
  });
  test("that could not be started waits for the next attempt", () => {
    assert.equal(last([start, failed(1)]), "waiting#1@1: start-failed clear delayed restart-due-in-500");
    const hopeless: Input = { input: "start-failed", run: 1, kind: "not-found", reason: "no program" };
    assert.equal(last([start, hopeless]), "waiting#1@1: start-failed clear delayed restart-due-in-45000");
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
      "running@2: restarted",
    ]);
  });
  test("that ends comes back after a part of the back-off", () => {
    assert.deepEqual(walk([start, started(1), exited(1), due, started(2)]).slice(2), [
      "waiting#1@1: exited clear delayed restart-due-in-500",
      "starting#1@2: clear spawn-2",
      "running#1@2: restarted",
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
  test("that is ready long enough has settled, and begins again with the first delay", () => {
    const walked = walk([start, started(1), exited(1), due, started(2), ready, stable, exited(2)]);
    assert.deepEqual(walked.slice(5), [
      "running#1@2: clear stable-in-60000",
      "running@2: settled",
      "waiting#1@2: exited clear delayed restart-due-in-500",
    ]);
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
  test("that is not ready any more does not settle", () => {
    assert.deepEqual(walk([start, started(1), ready, unready]).slice(2), [
      "running@1: clear stable-in-60000",
      "running@1: clear",
    ]);
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
    assert.equal(last([adopted(4)]), "running@4: adopted");
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
      "running#1@2: restarted",
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
      "running@2: restarted",
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

suite("a process that crashes again and again", () => {
  const loop = (then: "slow" | "stop"): Policy => ({ ...always, crash_loop: { count: 3, window: 1000, then } });
  const crash = (run: number): Input[] => [started(run), exited(run), due];
  const crashes = (count: number): Input[] => [
    start,
    ...Array.from({ length: count }, (_, at) => crash(at + 1)).flat(),
  ];

  test("is in a crash loop, which is told once, and is then restarted seldom", () => {
    assert.deepEqual(
      walk(crashes(4), loop("slow")).filter((step) => step.includes("exited")),
      [
        "waiting#1@1: exited clear delayed restart-due-in-500",
        "waiting#2@2: exited clear delayed restart-due-in-1000",
        "waiting#3!@3: exited clear crash-looped delayed restart-due-in-45000",
        "waiting#4!@4: exited clear delayed restart-due-in-45000",
      ],
    );
  });
  test("is not restarted any more where the configuration says so", () => {
    assert.equal(last(crashes(3).slice(0, -1), loop("stop")), "gave-up#3!@3: exited clear crash-looped gave-up");
  });
  test("is out of it when it has settled", () => {
    assert.equal(last([...crashes(3), started(4), ready, stable], loop("slow")), "running@4: settled");
  });
  test("is out of it when somebody starts it", () => {
    assert.equal(last([...crashes(3).slice(0, -1), start], loop("stop")), "starting@4: clear spawn-4");
  });
  test("may do so over any time when each crash is far from the others", () => {
    const inAWhile = (nowMs: number): Context => ({ ...context(loop("slow")), nowMs });
    let state: State = stopped;
    for (const [at, input] of crashes(20).entries()) [state] = step(state, input, inAWhile(at * 500));
    assert.deepEqual([state.history.looping, state.history.crashes.length], [false, 20]);
  });
  test("counts as one also when it cannot be started, or is unhealthy", () => {
    const walked = [start, failed(1), due, started(2), cure, exited(2), due, failed(3)];
    assert.equal(
      last(walked, loop("slow")),
      "waiting#3!@3: start-failed clear crash-looped delayed restart-due-in-45000",
    );
  });
});

suite("a process that is held", () => {
  const heldContext: Context = { ...context(atOnce), heldMs: 5000 };
  const held = (inputs: readonly Input[], from: State): string => {
    let state = from;
    let words = "";
    for (const input of inputs) {
      const [next, effects] = step(state, input, heldContext);
      state = next;
      words = [inWords(state), ...effects.map(effectInWords)].join(" ");
    }
    return words;
  };
  const running: State = { name: "running", run: 1, history: noHistory, pid: 101 };
  const hold: Input = { input: "held", because: "maintenance" };

  test("is not restarted when it ends, and sets no timer", () => {
    assert.equal(held([exited(1)], running), "waiting#1@1: exited clear clear delayed");
  });
  test("waits although its time has come, until whoever holds it lets go", () => {
    assert.equal(held([exited(1), due], running), "waiting#1@1:");
    const waiting: State = { name: "waiting", run: 1, history: noHistory, because: "it ended" };
    assert.equal(walk([due], always, waiting)[0], "starting@2: clear spawn-2");
  });
  test("waits also when it had not begun yet", () => {
    assert.equal(held([hold], stopped), "waiting@0: clear delayed");
  });
  test("goes on when it runs, and begins when somebody starts it", () => {
    assert.equal(held([hold], running), "running@1:");
    assert.equal(held([hold, start], stopped), "starting@1: clear spawn-1");
  });
});

suite("the exits that the configuration names", () => {
  const listing = (lists: Partial<Policy>, base = onFailure): Policy => ({ ...base, ...lists });
  const after = (exit: Exit, policy: Policy): string =>
    last([start, started(1), exited(1, exit)], policy).split("@")[0] ?? "";
  test("count as success", () => {
    const policy = listing({ success_exit: [3, "SIGUSR1"] });
    assert.equal(after(code(3), policy), "completed");
    assert.equal(after(signal("SIGUSR1"), policy), "completed");
    assert.equal(after(code(4), policy), "waiting#1");
  });
  test("are never followed by a restart", () => {
    const policy = listing({ no_restart_exit: [2, "SIGKILL", 0], restart_force_exit: [2] }, always);
    assert.equal(after(code(2), policy), "gave-up");
    assert.equal(after(signal("SIGKILL"), policy), "gave-up");
    assert.equal(after(code(0), policy), "completed");
    assert.equal(after(code(1), policy), "waiting#1");
  });
  test("are always followed by a restart", () => {
    const policy = listing({ restart_force_exit: [75] }, never);
    assert.equal(after(code(75), policy), "waiting#1");
    assert.equal(after(code(1), policy), "gave-up");
  });
});

test("a process whose configuration is wrong is not retried at full speed", () => {
  const likely = { reason: "configuration", line: "unknown option" } as const;
  const bad = { ...exited(1), likely } as Input;
  assert.equal(last([start, started(1), bad]), "waiting#1@1: exited clear delayed restart-due-in-45000");
});
