import { messageOf, type Family } from "@ostler/protocol";
import type { JsonNumbers } from "../../../config/numbers/json.js";
import { familyOf, numberIn, type Ask, type Picked } from "../families.js";
import { readPage } from "./page.js";

/** A page of JSON. */
export function askJson(config: JsonNumbers): Ask {
  return async (signal) => {
    const { url, body } = await readPage(config, "application/json,*/*;q=0.1", signal);
    return valuesIn(url, body, config.values);
  };
}

/** The numbers at these paths. What is not there, or null, is absent. @throws Error for what is there and no number */
export async function valuesIn(
  where: string,
  text: string,
  values: Readonly<Record<string, Picked & { path?: string | undefined }>>,
): Promise<Family[]> {
  const { jsonpath } = await import("json-p3"); // Not needed by most agents, and a good part of their start.
  const document = parsed(where, text);
  return Object.entries(values).flatMap(([name, { path = "$", ...picked }]) => {
    const found = at(path, () => jsonpath.query(path, document as never).values());
    if (found.length > 1) throw new Error(`${where}: ${path} finds ${found.length} values, not one`);
    const value = numberIn(found[0], `${where}: ${path}`);
    return value === undefined ? [] : [familyOf(name, picked, value)];
  });
}

function parsed(where: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error(`${where} is no JSON`);
  }
}

function at<T>(path: string, look: () => T): T {
  try {
    return look();
  } catch (fault) {
    throw new Error(`the path ${path}: ${messageOf(fault)}`, { cause: fault });
  }
}
