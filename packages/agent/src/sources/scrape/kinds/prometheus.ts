import { matchesGlob, type Family } from "@ostler/protocol";
import type { PrometheusNumbers } from "../../../config/numbers/prometheus.js";
import type { Ask } from "../families.js";
import { parseText } from "../text-format.js";
import { readPage } from "./page.js";

const accept = "application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

/** A page in Prometheus' text format. */
export function askPrometheus(config: PrometheusNumbers): Ask {
  return async (signal) => {
    const { url, headers, body } = await readPage(config, accept, signal);
    return chosen(textIn(url, headers["content-type"] ?? "", body), config);
  };
}

/** @throws Error for what is no such text */
export function textIn(where: string, contentType: string, body: string): Family[] {
  const other = otherFormat(contentType, body);
  if (other !== undefined) throw new Error(`${where} is ${other}, not Prometheus' text format`);
  try {
    return parseText(body);
  } catch (fault) {
    throw new Error(`${where}: ${(fault as Error).message}`, { cause: fault });
  }
}

/** The families that are wanted, and those that have an alias under that, too. */
export function chosen(
  families: readonly Family[],
  { include, exclude, aliases }: Pick<PrometheusNumbers, "include" | "exclude" | "aliases">,
): Family[] {
  const byName = new Map(families.map((family) => [family.name, family]));
  const kept = families.filter(
    ({ name }) =>
      (include.length === 0 || include.some((glob) => matchesGlob(glob, name))) &&
      !exclude.some((glob) => matchesGlob(glob, name)),
  );
  const shown = Object.entries(aliases).flatMap(([alias, candidates]) => {
    const found = candidates.map((name) => byName.get(name)).find((family) => family !== undefined);
    return found && !byName.has(alias) ? [renamed(found, alias)] : [];
  });
  return [...kept, ...shown];
}

function renamed({ name, points, ...rest }: Family, alias: string): Family {
  const ending = (series: string): string => (series.startsWith(name) ? series.slice(name.length) : "");
  return { ...rest, name: alias, points: points.map((point) => ({ ...point, name: `${alias}${ending(point.name)}` })) };
}

/** Some services call a page of JSON or HTML /metrics. */
function otherFormat(contentType: string, body: string): string | undefined {
  const first = body.trimStart().charAt(0);
  if (first === "{" || first === "[") return "JSON";
  if (first === "<" || /html|xml/i.test(contentType)) return "HTML";
  return /json/i.test(contentType) ? "JSON" : undefined;
}
