import type { Blindness, Labels } from "@ostler/protocol";
import type { Rule } from "../../config/rules/rules.js";
import { fillIn } from "../../config/rules/template.js";
import type { Publish } from "../../core/bus.js";
import { quiet, stand, type Standing } from "./alerting.js";
import type { Finding, Instance } from "./evaluate.js";
import { keyOf, type Look } from "./looks.js";

/** A rule raises no more alerts than this at once; that there are more is told. */
export const maxAlerts = 100;

/** A rule is told to be blind when it was so at this many looks in a row: the first, and two of grace. */
const looksUntilBlind = 3;

type Alert = { labels: Labels; standing: Standing };

/** What is to be known about the moment of a look. */
export type Situation = {
  atMs: number;
  /** In maintenance nothing fires. */
  isHeld: boolean;
  /** Of a service that does not run nobody expects to see anything. */
  runs: boolean;
  /** Why the rule is blind, where that has been told. */
  toldBlind: Blindness | undefined;
};

/** One rule: the alerts that it has raised, and whether it sees. What changes is published. */
export class RuleWatch {
  readonly service: string;
  readonly rule: Rule;
  /** By metric and labels. */
  readonly looks: ReadonlyMap<string, Look>;
  readonly #publish: Publish;
  readonly #alerts = new Map<string, Alert>();
  /** At how many looks in a row it was blind, and for the last reason. */
  #blindness: { looks: number; because: Blindness; looksOfReason: number } | undefined;
  /** How many series there was no room for at the last look. */
  overlooked = 0;

  constructor(service: string, rule: Rule, looks: ReadonlyMap<string, Look>, publish: Publish) {
    this.service = service;
    this.rule = rule;
    this.looks = looks;
    this.#publish = publish;
  }

  /** Goes on with an alert that was raised before. */
  adopt(labels: Labels, standing: Standing): void {
    this.#alerts.set(keyOf(labels), { labels, standing });
  }

  /** Takes over what was found. Who can see nothing leaves its alerts as they are. */
  take(finding: Finding, situation: Situation): void {
    this.overlooked = 0;
    if (finding.is === "known") {
      this.#blindness = undefined;
      if (situation.toldBlind !== undefined) this.#publish({ type: "rule.restored", data: this.#ofRule });
      this.#judge(finding.holding, situation);
    } else if (finding.is === "early" || !situation.runs) this.#blindness = undefined;
    else this.#goBlind(finding, situation);
  }

  /** Nothing holds any more, and why. */
  clear(because: "removed" | "rests"): void {
    for (const alert of this.#alerts.values()) this.#resolve(alert, because);
    this.#alerts.clear();
    this.#blindness = undefined;
    this.overlooked = 0;
  }

  /** The service rests: nothing holds, and nobody expects to see anything. */
  rest(toldBlind: Blindness | undefined): void {
    this.clear("rests");
    if (toldBlind !== undefined) this.#publish({ type: "rule.restored", data: this.#ofRule });
  }

  get #ofRule(): { service: string; rule: string } {
    return { service: this.service, rule: this.rule.name };
  }

  #judge(holding: readonly Instance[], { atMs, isHeld }: Situation): void {
    const found = new Map(holding.map((instance) => [keyOf(instance.labels), instance]));
    for (const [key, alert] of this.#alerts) {
      if (found.has(key)) continue;
      this.#resolve(alert, "passed");
      this.#alerts.delete(key);
    }
    for (const [key, instance] of found) {
      const known = this.#alerts.get(key);
      if (!known && this.#alerts.size >= maxAlerts) {
        this.overlooked++;
        continue;
      }
      const before = known?.standing ?? quiet;
      const standing = stand(before, true, atMs, { forMs: this.rule.forMs, isHeld });
      this.#alerts.set(key, { labels: instance.labels, standing });
      if (standing.is !== before.is) this.#tell(instance, standing);
    }
  }

  #tell({ labels, value }: Instance, { is }: Standing): void {
    const { severity, summary, runbook, advice, forMs } = this.rule;
    const data = {
      ...this.#ofRule,
      ...labelsIn(labels),
      severity,
      summary: fillIn(summary, { value, labels: { ...labels, service: this.service } }),
      ...(Number.isFinite(value) ? { value } : {}),
      ...(runbook === undefined ? {} : { runbook }),
      ...(advice ? { advice } : {}),
    };
    if (is === "firing") this.#publish({ type: "alert.fired", data });
    else this.#publish({ type: "alert.pending", data: { ...data, forMs } });
  }

  #resolve({ labels, standing }: Alert, because: "passed" | "removed" | "rests"): void {
    const { severity } = this.rule;
    const fired = standing.is === "firing";
    this.#publish({ type: "alert.resolved", data: { ...this.#ofRule, ...labelsIn(labels), severity, fired, because } });
  }

  /** Blind is blind, whatever the reason; another reason is told when it has lasted as long. */
  #goBlind({ because, reason }: Finding & { is: "blind" }, { toldBlind }: Situation): void {
    const before = this.#blindness;
    const looks = (before?.looks ?? 0) + 1;
    const looksOfReason = before?.because === because ? before.looksOfReason + 1 : 1;
    this.#blindness = { looks, because, looksOfReason };
    const isToBeTold = toldBlind === undefined ? looks >= looksUntilBlind : looksOfReason >= looksUntilBlind;
    if (isToBeTold && toldBlind !== because)
      this.#publish({ type: "rule.blinded", data: { ...this.#ofRule, because, reason } });
  }
}

/** Labels where there are any. */
function labelsIn(labels: Labels): { labels?: Record<string, string> } {
  return Object.keys(labels).length === 0 ? {} : { labels: { ...labels } };
}
