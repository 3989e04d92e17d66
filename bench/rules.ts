// What it costs to look at all rules once: 500, 5,000 and 50,000 of them over 1,000 series, and how long nobody else gets a turn.
// Beside it promtool, which evaluates the exported rules over the same series in memory.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { setFlagsFromString } from "node:v8";
import { initialState } from "@ostler/protocol";
import { stringify } from "yaml";
import { median, report, root, Workplace } from "./helpers/bench.js";

const inside = (path: string): Promise<unknown> => import(join(root, "packages/agent/dist", path));
const { Bus } = (await inside("core/bus.js")) as typeof import("../packages/agent/dist/core/bus.js");
const { serviceConfig } = (await inside(
  "config/services.js",
)) as typeof import("../packages/agent/dist/config/services.js");
const { Rules } = (await inside(
  "sources/rules/rules.js",
)) as typeof import("../packages/agent/dist/sources/rules/rules.js");
const { prometheusRules } = (await inside(
  "cli/exports/prometheus-rules.js",
)) as typeof import("../packages/agent/dist/cli/exports/prometheus-rules.js");

const sizes = [500, 5000, 50_000];
const series = 1000;
const services = 50;
const everyMs = 15_000;
const warmUp = 25; // Rounds until a window of five minutes is full.
const rounds = 20;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

type Configs = Record<string, ReturnType<typeof serviceConfig.parse>>;

/** A third each of thresholds, rates and slopes; none of them ever holds. */
function configs(count: number): Configs {
  const perService = count / services;
  const ofService = series / services;
  const rule = (service: number, at: number): object => {
    const metric = `m_${service * ofService + (at % ofService)}`;
    const looks = [{ metric }, { rate: { metric, window: "5m" } }, { slope: { metric, window: "5m" } }][at % 3];
    return { name: `r${at}`, expr: { ...looks, op: "<", value: -1 }, for: "1m" };
  };
  return Object.fromEntries(
    Array.from({ length: services }, (_, service) => {
      const rules = Array.from({ length: perService }, (__, at) => rule(service, at));
      return [`s${service}`, serviceConfig.parse({ command: ["x"], rules })];
    }),
  );
}

/** A clock that a round is over as soon as the next one waits for. */
function steppedClock() {
  let passedMs = 0;
  let call = (): void => {};
  let over = (): void => {};
  return {
    now: () => Math.round(passedMs + performance.now()),
    monotonic: () => passedMs + performance.now(),
    after: (_: number, next: () => void) => {
      call = next;
      over();
      return () => {};
    },
    sleep: () => Promise.reject(new Error("nobody sleeps here")),
    round: () =>
      new Promise<void>((resolve) => {
        over = resolve;
        passedMs += everyMs;
        call();
      }),
  };
}

async function measure(
  count: number,
): Promise<{ cpuMs: number; longest: { typicalMs: number; worstMs: number }; mib: number }> {
  const clock = steppedClock();
  const bus = new Bus({ state: initialState("bench"), agentId: "bench", clock });
  const config = configs(count);
  for (const service of Object.keys(config)) {
    bus.publish({ type: "service.configured", data: { service, processes: ["main"], checks: [] } });
    bus.publish({ type: "service.started", data: { service, process: "main", run: 1, pid: 1, startTicks: 1 } });
  }
  collect();
  const configured = held();
  let round = 0;
  using rules = Rules.start(
    { everyMs, services: config },
    {
      publish: bus.publish,
      clock,
      state: () => bus.state,
      look: () => ({ is: "seen" as const, readings: [{ labels: {}, value: round * 3, atMs: clock.now() }] }),
      degraded: (part, reason) => console.error(part, reason),
      recovered: () => undefined,
    },
  );
  for (; round < warmUp; round++) await clock.round();
  const cpus: number[] = [];
  for (; round < warmUp + rounds; round++) {
    const { user, system } = process.cpuUsage();
    await clock.round();
    const used = process.cpuUsage({ user, system });
    cpus.push((used.user + used.system) / 1000);
  }
  const longest = await longestBlock(clock.round);
  collect();
  const mib = (held() - configured) / 1024 ** 2;
  rules[Symbol.dispose]();
  return { cpuMs: median(cpus), longest, mib };
}

/** The longest time between two turns of somebody else: in a round, and in all of them. */
async function longestBlock(round: () => Promise<void>): Promise<{ typicalMs: number; worstMs: number }> {
  const longest: number[] = [];
  for (let at = 0; at < rounds; at++) {
    let isOver = false;
    let most = 0;
    let last = performance.now();
    const turn = (): void => {
      const now = performance.now();
      most = Math.max(most, now - last);
      last = now;
      if (!isOver) setImmediate(turn);
    };
    setImmediate(turn);
    await round();
    await new Promise((resolve) => setImmediate(resolve));
    isOver = true;
    longest.push(most);
  }
  return { typicalMs: median(longest), worstMs: Math.max(...longest) };
}

function held(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** CPU of promtool for one look at the same rules: what more looks cost more. */
async function peer(count: number): Promise<number | string> {
  try {
    execFileSync("promtool", ["--version"], { stdio: "ignore" });
  } catch {
    return "not installed";
  }
  await using place = new Workplace();
  const { groups } = prometheusRules({ agent: { rules: { every: everyMs } }, services: configs(count) } as never);
  place.write("rules.yaml", stringify({ groups: groups.slice(1) }));
  const input = Array.from({ length: series }, (_, at) => ({
    series: `m_${at}{service="s${Math.floor(at / (series / services))}"}`,
    values: "0+3x80",
  }));
  const cpuOf = (looks: number): number => {
    const tests = [
      {
        interval: "15s",
        input_series: input,
        alert_rule_test: [{ eval_time: `${looks * 15}s`, alertname: "r0", exp_alerts: [] }],
      },
    ];
    const file = { rule_files: ["rules.yaml"], evaluation_interval: "15s", tests };
    const tool = place.write("tests.json", JSON.stringify(file));
    const text = execFileSync("bash", ["-c", `promtool test rules ${tool} >/dev/null && times`], { encoding: "utf8" });
    const [user = 0, system = 0] = (text.split("\n")[1] ?? "").split(" ").map((span) => {
      const [, minutes, seconds] = /(\d+)m([\d.]+)s/.exec(span) ?? [];
      return Number(minutes) * 60_000 + Number(seconds) * 1000;
    });
    return user + system;
  };
  return (cpuOf(warmUp + rounds) - cpuOf(warmUp)) / rounds;
}

const rows: (string | number)[][] = [
  [
    "rules",
    "CPU ms a look",
    "% of a core at 15 s",
    "longest block ms",
    "worst of 20 looks",
    "MiB held",
    "promtool CPU ms a look",
  ],
];
for (const count of sizes) {
  const { cpuMs, longest, mib } = await measure(count);
  rows.push([
    count,
    cpuMs,
    (cpuMs / everyMs) * 100,
    longest.typicalMs,
    longest.worstMs,
    mib,
    count > 5000 ? "not asked" : await peer(count),
  ]);
}
report(`rules over ${series} series, a third each thresholds, rates and slopes over 5 min`, rows);
