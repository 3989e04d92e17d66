import { createHash, timingSafeEqual } from "node:crypto";
import { durationInWords } from "@ostler/protocol";
import type { PushCheck } from "../../../config/checks/push.js";
import { failed, passed, undecided, warned, type Probe } from "../verdict.js";

/** What a service says of itself. */
export type Pushed = { service: string; check: string; status: "passed" | "warned" | "failed"; reason: string };

/** What the services have said last; `atMs` is monotonic. */
export class Pushes {
  readonly #last = new Map<string, { pushed: Pushed; atMs: number }>();

  take(pushed: Pushed, atMs: number): void {
    this.#last.set(keyOf(pushed), { pushed, atMs });
  }

  last(of: { service: string; check: string }): { pushed: Pushed; atMs: number } | undefined {
    return this.#last.get(keyOf(of));
  }

  /** What was said before a start says nothing of what was started. */
  forget(of: { service: string; check: string }): void {
    this.#last.delete(keyOf(of));
  }
}

export type PushHands = { service: string; pushes: Pushes; monotonicMs: () => number; runAgeMs: () => number };

/**
 * Passes while the service itself says that it is well. After a start it has `within` to say so for the first time; of a run that
 * is older, and that an agent before this one may have heard of, nothing bad is thought for as long.
 */
export function pushProbe({ name, within }: PushCheck, hands: PushHands): Probe {
  const { service, pushes, monotonicMs: nowMs, runAgeMs } = hands;
  let begun: { atMs: number; isYoung: boolean } | undefined;
  return async () => {
    begun ??= { atMs: nowMs(), isYoung: runAgeMs() < within };
    const last = pushes.last({ service, check: name });
    const silentMs = nowMs() - (last?.atMs ?? begun.atMs);
    if (silentMs > within)
      return failed(`it has said nothing for ${durationInWords(silentMs)}, longer than ${durationInWords(within)}`);
    if (!last) return begun.isYoung ? undecided("it has said nothing yet") : passed;
    const { status, reason } = last.pushed;
    switch (status) {
      case "passed":
        return passed;
      case "warned":
        return warned(reason);
      case "failed":
        return failed(reason);
      default:
        return status satisfies never;
    }
  };
}

/** Compared in constant time: the answer tells nothing of how nearly right a guess was. */
export function mayPush({ secret }: PushCheck, given = ""): boolean {
  if (secret === undefined) return true;
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(secret), digest(given));
}

function keyOf({ service, check }: { service: string; check: string }): string {
  return `${service}/${check}`;
}
