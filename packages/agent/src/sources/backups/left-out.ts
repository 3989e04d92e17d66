import type { LeftOut } from "../../platform/archive/seen-from.js";
import { realPathOf, type OwnDirectory } from "./refuse-own.js";

/** What no backup is to have, else each would have those before it. Of a directory that others use as well, only the backups. */
export async function leftOutOf(own: readonly OwnDirectory[], signal: AbortSignal): Promise<LeftOut> {
  const realOf = (isOursAlone: boolean): Promise<string[]> => {
    const meant = own.filter((one) => one.isOfBackups && one.isOursAlone === isOursAlone);
    return Promise.all(meant.map(({ path }) => realPathOf(path, signal)));
  };
  const [directories, shelves] = await Promise.all([realOf(true), realOf(false)]);
  return { directories, shelves };
}
