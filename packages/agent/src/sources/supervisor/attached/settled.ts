import type { Action } from "./owner.js";
import type { Sight } from "./sight.js";

/** Whether what was asked of an owner has come: decided by what is seen after it said that it is done. */

/** `isOther`: what runs is another run than the one when it was asked. */
export function hasReached(action: Action, sight: Sight, isOther: boolean): boolean {
  if (action === "stop") return sight.is === "stopped" || sight.is === "completed" || sight.is === "failed";
  return sight.is === "completed" || (sight.is === "running" && (action === "start" || isOther));
}

/** The owner has decided otherwise, and waiting is of no use. Only of systemd: a pid file decides nothing, and may still come. */
export function isRefused(owner: "systemd" | "pid-file", sight: Sight): boolean {
  return owner === "systemd" && (sight.is === "waiting" || sight.is === "failed" || sight.is === "stopped");
}
