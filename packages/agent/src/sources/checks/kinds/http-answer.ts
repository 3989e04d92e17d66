import type { WantedAnswer } from "../../../config/checks/answer.js";
import type { HttpAnswer } from "../../../platform/ask-http.js";
import { whyNotAsserted, type Json } from "./json-assertions.js";
import { whyNoMatch } from "./match.js";
import { startOf } from "./words.js";

/** How much of a body has to be read to judge an answer: nothing when only its status is looked at. */
export function neededBytes({ match, json, max_body }: WantedAnswer): number {
  return match === undefined && json.length === 0 ? 0 : max_body;
}

/** What is wrong with an answer, to be said after who gave it; nothing when it is as wanted. */
export async function whyUnwanted(answer: HttpAnswer, wanted: WantedAnswer): Promise<string | undefined> {
  const { status, body } = answer;
  const accepted = wanted.status.length > 0 ? wanted.status.includes(status) : status >= 200 && status < 300;
  if (!accepted) return `answered ${status}${body === "" ? "" : `: ${startOf(body)}`}`;
  const { match, json, max_body } = wanted;
  const cut = answer.clipped ? ` (only the first ${max_body} bytes were read; see max_body)` : "";
  const unmatched = match === undefined ? undefined : whyNoMatch(match, body);
  if (unmatched !== undefined) return `answered ${status}, but ${unmatched}${cut}`;
  if (json.length === 0) return undefined;
  const parsed = parse(body);
  if (parsed === undefined) return `answered ${status}, but what is no JSON: ${startOf(body)}${cut}`;
  const why = await whyNotAsserted(parsed, json);
  return why === undefined ? undefined : `answered ${status}, but ${why}`;
}

/** Nothing for what is no JSON, which is an expected answer. */
export function parse(body: string): Json | undefined {
  try {
    return JSON.parse(body) as Json;
  } catch {
    return undefined;
  }
}
