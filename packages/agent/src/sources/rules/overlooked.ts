import type { RuleWatch } from "./rule-watch.js";

export type OverlookedDeps = {
  degraded: (part: string, reason: string) => void;
  recovered: (part: string) => void;
};

/** Tells once of a rule that cannot look at all of its series, and once when it can again. */
export class Overlooked {
  readonly #deps: OverlookedDeps;
  readonly #told = new Set<string>();

  constructor(deps: OverlookedDeps) {
    this.#deps = deps;
  }

  tell(watch: RuleWatch): void {
    const alerts = watch.overlooked;
    const series = [...watch.looks.values()].reduce((all, { overlooked }) => all + overlooked, 0);
    if (alerts + series === 0) return this.forget(watch);
    const part = partOf(watch);
    if (this.#told.has(part)) return;
    this.#told.add(part);
    const which = alerts > 0 ? `${alerts} alerts` : `${series} series`;
    this.#deps.degraded(part, `${which} more than there is room for; give it labels or an aggregate`);
  }

  forget(watch: RuleWatch): void {
    const part = partOf(watch);
    if (this.#told.delete(part)) this.#deps.recovered(part);
  }
}

function partOf({ service, rule }: RuleWatch): string {
  return `rule ${service}/${rule.name}`;
}
