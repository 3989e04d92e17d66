import type { Handler } from "../core/dispatcher.js";
import type { Checks } from "../sources/checks/checks.js";

export function runCheck(checks: Checks): Handler<"check.run"> {
  return async ({ service, check }, { signal }) => {
    const verdict = await checks.run(service, check, signal);
    const { tookMs } = verdict;
    if (!verdict.ok) return { status: verdict.undecided ? "pending" : "failed", reason: verdict.reason, tookMs };
    return verdict.warning === undefined
      ? { status: "passed", tookMs }
      : { status: "warned", reason: verdict.warning, tookMs };
  };
}
