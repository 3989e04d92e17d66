import type { EndCause, Exit } from "@ostler/protocol";
import type { Identity } from "../../../platform/proc.js";

/** How an attached process ended. `expected`: its owner had been asked to stop it. */
export type End = { exit: Exit; cause: EndCause; expected: boolean; uptimeMs?: number };

/** What can be seen of an attached process right now. */
export type Sight =
  | {
      is: "running";
      identity: Identity;
      /** How often its owner has restarted it by itself; 0 where nobody counts. */
      restarts: number;
    }
  /** Its owner starts it again after a while. */
  | { is: "waiting"; attempt: number; delayMs: number; because: string }
  | { is: "stopped" }
  /** It ended well by itself. */
  | { is: "completed" }
  /** It does not run, and its owner does nothing about it. `stale`: nothing has happened, only something was left lying about. */
  | { is: "failed"; reason: string; stale?: boolean }
  /** On its way from one of these to another; what has ended has ended. */
  | { is: "changing" }
  /** Too early to say anything. */
  | { is: "unsure" };
