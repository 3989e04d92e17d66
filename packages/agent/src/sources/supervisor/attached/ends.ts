import type { End } from "./sight.js";

/** Ends that nobody saw. */

export const hostRestarted: End = unseen("the host was restarted", false);

/** It did not end, but nobody looks at it any more. */
export const letGo: End = unseen("it runs on, but the configuration does not name it any more", true);

/** That it is gone could be seen without its owner. */
export function goneUnasked(failure: string): End {
  return unseen(`its owner could not be asked: ${failure}`, false);
}

function unseen(reason: string, expected: boolean): End {
  return { exit: { kind: "unknown", reason }, cause: "unknown", expected };
}
