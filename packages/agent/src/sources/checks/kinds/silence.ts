/**
 * Calls when so long nothing has stopped it; the answer stops it. Timers come before sockets: after a stall of the agent what
 * has arrived meanwhile is heard first, and what a peer in the same process says to it.
 */
export function afterSilence(silentMs: number, then: () => void): () => void {
  let immediate: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    // The sockets are looked at once before each of the two.
    immediate = setImmediate(() => (immediate = setImmediate(then)));
  }, silentMs);
  return () => {
    clearTimeout(timer);
    clearImmediate(immediate);
  };
}
