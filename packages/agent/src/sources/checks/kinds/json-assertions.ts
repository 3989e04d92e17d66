import { messageOf } from "@ostler/protocol";
import type { JsonAssertion } from "../../../config/checks/json.js";
import { whyNoMatch } from "./match.js";
import { startOf } from "./words.js";

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** What a JSONPath selects, in its order. @throws what is wrong with the path, in words */
export async function selected(path: string, json: Json): Promise<Json[]> {
  const { query } = await import("json-p3"); // Most agents have no use for it.
  try {
    return query(path, json).values() as Json[];
  } catch (failure) {
    throw new Error(`${path} is not understood: ${messageOf(failure)}`, { cause: failure });
  }
}

/** The first assertion that does not hold of a value, in words; nothing when all do. */
export async function whyNotAsserted(json: Json, assertions: readonly JsonAssertion[]): Promise<string | undefined> {
  for (const assertion of assertions) {
    const why = await whyNot(json, assertion);
    if (why !== undefined) return why;
  }
  return undefined;
}

async function whyNot(json: Json, assertion: JsonAssertion): Promise<string | undefined> {
  const { path, exists } = assertion;
  let values: Json[];
  try {
    values = await selected(path, json);
  } catch (failure) {
    return messageOf(failure);
  }
  if (!exists) return values.length === 0 ? undefined : `${path} is there, as ${inWords(values[0])}`;
  if (values.length === 0) return `there is no ${path}`;
  return values.map((value) => whyWrong(value, assertion)).find((why) => why !== undefined);
}

function whyWrong(value: Json, { path, equals, not, at_least, at_most, matches }: JsonAssertion): string | undefined {
  const is = `${path} is ${inWords(value)}`;
  if (equals !== undefined && value !== equals) return `${is}, not ${inWords(equals)}`;
  if (not !== undefined && value === not) return is;
  if (at_least !== undefined || at_most !== undefined) {
    if (typeof value !== "number") return `${is}, which is no number`;
    if (at_least !== undefined && value < at_least) return `${is}, less than ${at_least}`;
    if (at_most !== undefined && value > at_most) return `${is}, more than ${at_most}`;
  }
  if (matches === undefined) return undefined;
  const why = whyNoMatch(matches, typeof value === "string" ? value : JSON.stringify(value));
  return why === undefined ? undefined : `${path}: ${why}`;
}

function inWords(value: Json | undefined): string {
  if (typeof value === "string") return startOf(value);
  const text = JSON.stringify(value) ?? "";
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}
