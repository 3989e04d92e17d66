import type { ServiceConfig } from "../../config/services.js";
import type { SpoolRange } from "../../platform/spool.js";
import type { Begun } from "./launch.js";
import type { Input, Restart } from "./machine.js";
import type { ProcessSpec } from "./process.js";
import type { Mark, Slot } from "./records.js";

/** A process as the supervisor sees it: one that it keeps running itself, or one that is attached and has another owner. */
export type Managed = Disposable & {
  readonly slot: Slot;
  /** It runs, or would if it could. */
  readonly isWanted: boolean;
  /** It is still what the configuration of its service wants; else it is removed, and another one comes. */
  suits: (config: ServiceConfig) => boolean;
  reconfigure: (spec: ProcessSpec) => void;
  /** Done when it runs. @throws OstlerError */
  start: (signal: AbortSignal) => Promise<void>;
  /** Done when nothing of it is left. @throws OstlerError */
  stop: (signal: AbortSignal) => Promise<void>;
  /** Done when it runs again, or with `backOff` waits for its turn. @throws OstlerError */
  restart: (restart: Restart, signal: AbortSignal) => Promise<void>;
  /** Takes leave of it for ever: one of our own is stopped first. @throws OstlerError */
  remove: (signal: AbortSignal) => Promise<void>;
  feed: (input: Input) => void;
  onMark: (mark: Mark) => void;
  /** Called about once a second. */
  look: () => void;
  /** Pids of everything it consists of; empty while it does not run. */
  pids: () => number[];
  /** Where the output of a run is; unknown of one that somebody else has launched. */
  outputOf: (run: number) => SpoolRange | undefined;
  /** What a run was begun with; unknown of one that an earlier agent or somebody else has launched. */
  begunOf: (run: number) => Begun | undefined;
  /** @throws OstlerError `wrong-state` when it runs and nobody could stop it by way of this agent */
  refuseUnstoppable: () => void;
};
