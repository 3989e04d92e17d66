import type { Identity } from "../../../platform/proc.js";
import type { End, Sight } from "./sight.js";

/** Whoever starts and restarts an attached process: systemd, or somebody who leaves a pid file. */
export type Owner = {
  /** In words, like `systemd`. */
  readonly name: string;
  /** What can be seen now; `known` is the process that was seen last. Throws when the owner cannot be asked. */
  see: (known: Identity | undefined) => Promise<Sight>;
  /** How a process ended that `see` shows no more. Never rejects. */
  endOf: (gone: Identity, sight: Sight, signal: AbortSignal) => Promise<End>;
  /** Why something cannot be asked of it, and which setting would allow it; nothing when it can. */
  refusal: (action: Action) => string | undefined;
  /** Resolves when the owner says that it is done. @throws OstlerError `failed`, `cancelled` */
  act: (action: Action, signal: AbortSignal) => Promise<void>;
  /** How long after `act` what was asked for may take to be seen, in milliseconds. */
  readonly settleMs: number;
  /** Everything that belongs to the process, itself included. */
  pidsOf: (main: Identity) => number[];
  /** How long a sight is good while nothing happens, in milliseconds. */
  restMs: (sight: Sight) => number;
};

export type Action = "start" | "stop" | "restart";
