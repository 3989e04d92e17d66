import { messageOf, type CheckRole } from "@ostler/protocol";
import type { Publish, TakeSample } from "../../core/bus.js";
import type { Clock } from "../../core/clock.js";
import { judge, unknown, type Standing, type Thresholds } from "./hysteresis.js";
import { failed, type Probe, type Verdict } from "./verdict.js";

/** One check of one service, whatever its kind. */
export type CheckPlan = Thresholds & {
  service: string;
  check: string;
  role: CheckRole;
  process?: string;
  every: number;
  timeout: number;
  initial_delay: number;
  probe: Probe;
};

export type CheckerDeps = { publish: Publish; sample: TakeSample; clock: Clock; random: () => number };

/** Before it has passed once after a start, a check asks again after this time, then twice that, up to `every`. */
const eagerMs = 50;
/** Every interval is shaken by up to this part of it, so that a fleet does not knock in step. */
const shaken = 0.1;

/** Asks again and again until the signal aborts, a startup check until it has passed; publishes only changes of its standing. */
export async function runCheck(plan: CheckPlan, deps: CheckerDeps, signal: AbortSignal): Promise<void> {
  const { every, initial_delay } = plan;
  await deps.clock.sleep(initial_delay, signal);
  let standing = unknown;
  let eagerWaitMs = Math.min(eagerMs, every);
  let lastFailureMs = -Infinity;
  while (!signal.aborted) {
    const startedMs = deps.clock.monotonic();
    const verdict = await ask(plan, signal);
    const nowMs = deps.clock.monotonic();
    if (signal.aborted) return;
    const { service, check } = plan;
    deps.sample({ type: "check.probed", service, check, ok: verdict.ok, tookMs: nowMs - startedMs });
    // Asking eagerly must not use up the failures a slow starter is allowed: they count at most once in `every`.
    if (verdict.ok || nowMs - lastFailureMs >= every || standing.status !== "pending") {
      if (!verdict.ok) lastFailureMs = startedMs;
      const next = judge(standing, verdict, plan);
      tell(plan, standing, next, verdict, nowMs - startedMs, deps);
      standing = next;
    }
    if (plan.role === "startup" && isWell(standing)) return;
    const isEager = standing.status === "pending" && !verdict.ok;
    const pauseMs = isEager ? eagerWaitMs : every * (1 - shaken + 2 * shaken * deps.random());
    await deps.clock.sleep(Math.max(0, pauseMs - (nowMs - startedMs)), signal);
    eagerWaitMs = Math.min(eagerWaitMs * 2, every);
  }
}

/** Asks once, within the time that a probe may take. */
export async function ask({ probe, timeout }: CheckPlan, signal: AbortSignal): Promise<Verdict> {
  const deadline = AbortSignal.timeout(timeout);
  const verdict = await probe(AbortSignal.any([signal, deadline])).catch((fault: unknown) => failed(messageOf(fault)));
  return deadline.aborted && !verdict.ok ? { ok: false, reason: `no answer within ${timeout} ms` } : verdict;
}

function isWell({ status }: Standing): boolean {
  return status === "passed" || status === "warned";
}

function tell(
  plan: CheckPlan,
  before: Standing,
  after: Standing,
  verdict: Verdict,
  tookMs: number,
  { publish }: CheckerDeps,
): void {
  if (before.status === after.status) return;
  const { service, check, role, process } = plan;
  const about = { service, check, role, ...(process === undefined ? {} : { process }) };
  const roundedMs = Math.round(tookMs * 10) / 10;
  if (!verdict.ok)
    publish({ type: "check.failed", data: { ...about, reason: verdict.reason, failures: after.failed } });
  else if (after.status === "passed") publish({ type: "check.passed", data: { ...about, tookMs: roundedMs } });
  else publish({ type: "check.warned", data: { ...about, reason: verdict.warning ?? "", tookMs: roundedMs } });
}
