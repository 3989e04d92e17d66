import { createHash, timingSafeEqual } from "node:crypto";
import { durationInWords } from "@ostler/protocol";
import type { PushCheck } from "../../../config/checks/push.js";
import { failed, passed, warned, type Probe } from "../verdict.js";

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

  /** What a service said before a start says nothing of it now. */
  forget(service: string): void {
    for (const key of this.#last.keys()) if (key.startsWith(`${service}/`)) this.#last.delete(key);
  }
}

/** Passes while the service itself says that it is well. Until it has said so once, it has `within` from the first probe on. */
export function pushProbe({ name, within }: PushCheck, service: string, pushes: Pushes, nowMs: () => number): Probe {
  let begunMs: number | undefined;
  return async () => {
    begunMs ??= nowMs();
    const last = pushes.last({ service, check: name });
    const silentMs = nowMs() - (last?.atMs ?? begunMs);
    if (silentMs > within)
      return failed(`it has said nothing for ${durationInWords(silentMs)}, longer than ${durationInWords(within)}`);
    if (!last) return failed("it has said nothing yet");
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
