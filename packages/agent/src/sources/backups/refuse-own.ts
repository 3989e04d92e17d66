import { readlink } from "node:fs/promises";
import { basename, dirname, join, normalize } from "node:path";
import { OstlerError } from "@ostler/protocol";
import { patiently } from "../../core/patient.js";
import { pathFor, shown, textOf } from "../../platform/archive/path-bytes.js";
import { mountOf } from "../../platform/mounts.js";

/** A directory that the agent cannot do without. */
export type OwnDirectory = {
  path: string;
  /** As in "where backups are kept". */
  what: string;
  /** Nobody else has anything in it. */
  isOursAlone: boolean;
  /** Backups are in it, or what making them needs. */
  isOfBackups: boolean;
};

/** A directory that does not answer within this time is looked for only where it is said to be. */
const answerMs = 5000;
/** As many links as the kernel follows. */
const maxLinks = 40;

/**
 * Refuses places that are, hold, or lie in, what the agent lives of: its backups and its memory would go with what is replaced.
 * Links above a place are followed, and every link on the way to a directory counts. @throws OstlerError `wrong-state`
 */
export async function refuseOwn(
  places: readonly string[],
  own: readonly OwnDirectory[],
  signal: AbortSignal,
): Promise<void> {
  const ways = await Promise.all(own.map(async (one) => ({ one, way: await wayTo(one.path, signal) })));
  for (const place of places) {
    const real = await withoutLinksAbove(place);
    for (const { one, way } of ways) {
      const relation = relationOf(real, way, one);
      if (relation === undefined) continue;
      throw new OstlerError(
        "wrong-state",
        `${shown(place)} cannot be restored into place: it ${relation} ${one.path}, ${one.what}. Restore into a directory (\`--to\`), or only a part that has nothing of it (\`--only\`).`,
      );
    }
  }
}

/** Where a directory is in the end, as far as that can be found out within some seconds. @throws OstlerError `cancelled` */
export async function realPathOf(path: string, signal: AbortSignal): Promise<string> {
  return (await wayTo(path, signal)).at;
}

function relationOf(place: string, { at, through }: Way, { isOursAlone }: OwnDirectory): string | undefined {
  if (place === at) return "is";
  if (through.has(place)) return "holds";
  return isOursAlone && place.startsWith(`${at}/`) ? "lies in" : undefined;
}

/** Where a directory is in the end, and each path that leads there. */
type Way = { at: string; through: ReadonlySet<string> };

async function wayTo(path: string, signal: AbortSignal): Promise<Way> {
  try {
    return await follow(path, AbortSignal.any([signal, AbortSignal.timeout(answerMs)]));
  } catch {
    if (signal.aborted) throw new OstlerError("cancelled", "It was cancelled; everything is as it was.");
    return wayWithoutLinks(path); // It hangs, and so would whoever wanted to replace something there.
  }
}

const follow = patiently("backups", wayWithLinks, mountOf);

function wayWithoutLinks(path: string): Way {
  const at = normalize(path);
  const through = new Set<string>();
  for (let above = at; above !== "/"; above = dirname(above)) through.add(above);
  return { at, through: through.add("/") };
}

async function wayWithLinks(path: string): Promise<Way> {
  const through = new Set(["/"]);
  const left = namesOf(path);
  let at = "/";
  let links = 0;
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    at = join(at, name);
    through.add(at);
    const target = await targetOf(at);
    if (target === undefined || ++links > maxLinks) continue;
    left.unshift(...namesOf(target));
    at = target.startsWith("/") ? "/" : dirname(at);
  }
  return { at, through };
}

const namesOf = (path: string): string[] => path.split("/").filter((name) => name !== "");

/** Nothing where there is no link, or nothing at all. */
async function targetOf(path: string): Promise<string | undefined> {
  return readlink(pathFor(path), { encoding: "buffer" }).then(textOf, () => undefined);
}

/** As it would be replaced: a link is, not what it leads to. */
async function withoutLinksAbove(place: string): Promise<string> {
  const { at } = await wayWithLinks(dirname(normalize(place)));
  return join(at, basename(place));
}
