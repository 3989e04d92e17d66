/**
 * SIGHUP, caught before anything slow happens: until a handler is there it ends the process, and a reload sent while the
 * agent starts must not. What comes early waits for whoever can act on it.
 */
let act: (() => void) | undefined;
let early = false;

export function catchHangups(): void {
  process.on("SIGHUP", () => {
    if (act) act();
    else early = true;
  });
}

/** From now on each SIGHUP calls `reload`; those that came before call it once. */
export function onHangup(reload: () => void): void {
  act = reload;
  if (early) reload();
  early = false;
}
