import { maintenanceOf, messageOf, notFound, OstlerError, own, type Actor, type HostState } from "@ostler/protocol";
import type { ServiceConfig } from "../../config/services.js";
import { rulesOf, type Rule } from "../../config/rules/rules.js";
import type { Prepared } from "../../core/assembly.js";
import type { Publish } from "../../core/bus.js";
import type { Clock } from "../../core/clock.js";
import type { LookAt } from "../../core/series.js";
import { selectorInWords } from "./baseline.js";
import { evaluate, looksOf } from "./evaluate.js";
import { adoptAlerts, retireMissing } from "./inherit.js";
import { lifeOf, youngestRunMs, type Life } from "./life.js";
import { Looks, keyOf, type Look, type Moment } from "./looks.js";
import { Overlooked } from "./overlooked.js";
import { RuleWatch } from "./rule-watch.js";

export type RulesDeps = {
  publish: Publish;
  clock: Clock;
  state: () => HostState;
  look: LookAt;
  degraded: (part: string, reason: string) => void;
  recovered: (part: string) => void;
};
export type RulesConfig = { everyMs: number; services: Readonly<Record<string, ServiceConfig>> };

/** The agent does something else for a moment when rules have taken this long. */
const maxSliceMs = 2;

/** Who looks at a service in the middle of a restart must not take it for one that was stopped. */
const looksUntilRest = 2;

type Round = { moment: Moment; state: HostState; lives: Map<string, { life: Life; startedMs: number }> };

/** Evaluates every rule again and again, and tells what changes: alerts that begin, fire and end, rules that see nothing. */
export class Rules implements Disposable {
  readonly #deps: RulesDeps;
  readonly #looks: Looks;
  readonly #overlooked: Overlooked;
  readonly #atRest = new Map<string, number>();
  readonly #broken = new Set<string>();
  #watches = new Map<string, RuleWatch>();
  #services: readonly string[] = [];
  #everyMs: number;
  #cancel = (): void => {};

  /** Goes on with the alerts of an agent before this one; those that no rule raises any more are over. */
  static start(config: RulesConfig, deps: RulesDeps): Rules {
    const rules = new Rules(config.everyMs, deps);
    rules.#watches = rules.#watchesOf(config);
    adoptAlerts(rules.#watches, deps);
    retireMissing(rules.#watches, deps);
    rules.#cancel = deps.clock.after(rules.#everyMs, () => rules.#begin());
    return rules;
  }

  private constructor(everyMs: number, deps: RulesDeps) {
    this.#deps = deps;
    this.#everyMs = everyMs;
    this.#looks = new Looks(deps.look);
    this.#overlooked = new Overlooked(deps);
  }

  /** Goes over to other rules. Those that stay as they are go on; what has changed begins anew. */
  prepare(config: RulesConfig): Prepared {
    return { commit: async () => this.#reconfigure(config), discard: async () => {} };
  }

  /** Sets what a rule compares with: a value, or what it sees now. @throws OstlerError `not-found`, `wrong-state` */
  baseline({ service, rule, value }: { service: string; rule: string; value?: number }, actor: Actor): number {
    const watch = this.#watches.get(keyOfRule(service, rule));
    const known = [...this.#watches.values()].filter((one) => one.service === service).map((one) => one.rule.name);
    if (!watch) throw notFound(`rule of ${service}`, rule, known);
    const { expr } = watch.rule;
    const name = `${service}/${rule}`;
    if (expr.kind !== "regression")
      throw new OstlerError(
        "wrong-state",
        `Rule ${name} compares with no baseline. Only a rule with \`regression\` does.`,
      );
    const baseline = value ?? this.#valueNow(name, lookIn(watch, expr.of));
    this.#deps.publish({
      type: "rule.baselined",
      data: { service, rule, value: baseline, of: selectorInWords(expr.of), actor },
    });
    return baseline;
  }

  [Symbol.dispose](): void {
    this.#cancel();
    this.#watches = new Map();
  }

  #valueNow(name: string, look: Look): number {
    const sight = look.now(this.#moment());
    const readings = sight.is === "seen" ? sight.readings : [];
    const [only] = readings;
    if (only && readings.length === 1) return only.value;
    const why = sight.is === "seen" ? `it sees ${readings.length} series instead of one` : sight.reason;
    throw new OstlerError("wrong-state", `Rule ${name} has no value now: ${why}. Give it one with --value.`);
  }

  #reconfigure(config: RulesConfig): void {
    const before = this.#watches;
    this.#everyMs = config.everyMs;
    this.#watches = this.#watchesOf(config);
    for (const [key, watch] of before)
      if (this.#watches.get(key) !== watch) {
        watch.clear("removed");
        this.#overlooked.forget(watch);
        this.#mend(watch);
      }
    retireMissing(this.#watches, this.#deps);
    for (const [key, watch] of this.#watches) {
      const old = before.get(key);
      if (old && old !== watch) this.#beginAnew(watch);
    }
    for (const service of this.#atRest.keys()) if (!own(config.services, service)) this.#atRest.delete(service);
  }

  /** Whether a rule that has changed sees anything is to be found out anew. */
  #beginAnew({ service, rule }: RuleWatch): void {
    const its = own(own(this.#deps.state().services, service)?.rules ?? {}, rule.name);
    if (its?.blind) this.#deps.publish({ type: "rule.restored", data: { service, rule: rule.name } });
  }

  /** The rules of a configuration; those that are the same stay the same. */
  #watchesOf({ services }: RulesConfig): Map<string, RuleWatch> {
    const nowMs = this.#deps.clock.monotonic();
    const windows = new Map<Look, number>();
    const watches = new Map<string, RuleWatch>();
    for (const [service, config] of Object.entries(services))
      for (const rule of rulesOf(config)) {
        const key = keyOfRule(service, rule.name);
        const before = this.#watches.get(key);
        const watch = before && isSame(before.rule, rule) ? before : this.#watch(service, rule, nowMs);
        watches.set(key, watch);
        for (const { of, windowMs } of looksOf(rule.expr)) {
          const look = lookIn(watch, of);
          windows.set(look, Math.max(windows.get(look) ?? 0, windowMs));
        }
      }
    this.#looks.settle(windows, nowMs);
    this.#services = Object.keys(services);
    return watches;
  }

  #watch(service: string, rule: Rule, nowMs: number): RuleWatch {
    const looks = looksOf(rule.expr).map(({ of }) => [keyOfSelector(of), this.#looks.of(service, of, nowMs)] as const);
    return new RuleWatch(service, rule, new Map(looks), this.#deps.publish);
  }

  #moment(): Moment {
    return { nowMs: this.#deps.clock.monotonic(), wallMs: this.#deps.clock.now() };
  }

  /** One look at everything, all of it as of the same moment. */
  #begin(): void {
    const round = { moment: this.#moment(), state: this.#deps.state(), lives: new Map() };
    for (const service of this.#services) this.#seeLife(service, round);
    this.#goOn([...this.#watches.values()], 0, round);
  }

  #goOn(watches: readonly RuleWatch[], from: number, round: Round): void {
    const { clock } = this.#deps;
    const beganMs = clock.monotonic();
    for (let at = from; at < watches.length; at++) {
      if (clock.monotonic() - beganMs >= maxSliceMs) {
        const next = setImmediate(() => this.#goOn(watches, at, round));
        this.#cancel = () => clearImmediate(next);
        return;
      }
      const watch = watches[at];
      if (watch && this.#watches.get(keyOfRule(watch.service, watch.rule.name)) === watch) this.#try(watch, round);
    }
    const leftMs = round.moment.nowMs + this.#everyMs - clock.monotonic();
    this.#cancel = clock.after(Math.max(0, leftMs), () => this.#begin());
  }

  /** A rule that breaks is told of once, and keeps no other from being evaluated. */
  #try(watch: RuleWatch, round: Round): void {
    try {
      this.#evaluate(watch, round);
      this.#mend(watch);
    } catch (fault) {
      const part = evaluationOf(watch);
      if (this.#broken.has(part)) return;
      this.#broken.add(part);
      this.#deps.degraded(part, messageOf(fault));
    }
  }

  #mend(watch: RuleWatch): void {
    const part = evaluationOf(watch);
    if (this.#broken.delete(part)) this.#deps.recovered(part);
  }

  #seeLife(service: string, { state, moment, lives }: Round): void {
    const its = own(state.services, service);
    if (!its) return;
    const life = lifeOf(its);
    const looks = life === "rests" ? (this.#atRest.get(service) ?? 0) + 1 : 0;
    this.#atRest.set(service, looks);
    const startedMs = moment.nowMs - Math.max(0, moment.wallMs - youngestRunMs(its));
    lives.set(service, { life: life === "rests" && looks < looksUntilRest ? "down" : life, startedMs });
  }

  #evaluate(watch: RuleWatch, { moment, state, lives }: Round): void {
    const its = lives.get(watch.service);
    if (!its) return;
    const told = own(own(state.services, watch.service)?.rules ?? {}, watch.rule.name);
    if (its.life === "rests") {
      watch.rest(told?.blind?.because);
      for (const look of watch.looks.values()) look.clear(moment.nowMs);
      this.#overlooked.forget(watch);
      return;
    }
    const finding = evaluate(watch.rule.expr, {
      lookOf: (selector) => lookIn(watch, selector),
      moment,
      startedMs: its.startedMs,
      baseline: told?.baseline?.value,
    });
    watch.take(finding, {
      atMs: moment.nowMs,
      isHeld: maintenanceOf(state, watch.service) !== undefined,
      runs: its.life === "runs",
      toldBlind: told?.blind?.because,
    });
    this.#overlooked.tell(watch);
  }
}

function evaluationOf({ service, rule }: RuleWatch): string {
  return `evaluation of ${service}/${rule.name}`;
}

function isSame(one: Rule, other: Rule): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function keyOfSelector({ metric, labels }: { metric: string; labels: Readonly<Record<string, string>> }): string {
  return `${metric} ${keyOf(labels)}`;
}

/** Invariant: a watch has a look for each selector of its rule. */
function lookIn(watch: RuleWatch, selector: Parameters<typeof keyOfSelector>[0]): Look {
  const look = watch.looks.get(keyOfSelector(selector));
  if (look) return look;
  throw new OstlerError("internal", `Rule ${watch.service}/${watch.rule.name} looks nowhere for ${selector.metric}.`);
}

/** Names of services have no slash. */
export function keyOfRule(service: string, rule: string): string {
  return `${service}/${rule}`;
}
