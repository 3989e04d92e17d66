import { setMaxListeners } from "node:events";

/** An AbortController for the end of a whole part: any number of its waits may listen to it. */
export function newStop(): AbortController {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  return stop;
}
