import { textsOf, type TransactionCheck, type TransactionStep } from "../../../config/checks/transaction.js";
import { shown } from "../../../core/shown-url.js";
import { askHttp, type HttpAnswer } from "../../../platform/ask-http.js";
import { failed, passed, warned, type Probe, type Verdict } from "../verdict.js";
import { neededBytes, parse, whyUnwanted } from "./http-answer.js";
import { selected, type Json } from "./json-assertions.js";
import { TemplateValues } from "./template-values.js";
import { whyOf } from "./words.js";

/** What is left to be cleaned up is worth that long, even when everything else has to end; as the setting says. */
const cleanupMs = 5000;

/** Longer values are not taken over from an answer. */
const maxCapturedLength = 1000;

/** Asks step by step, as a user would, and cleans up behind itself. */
export function transactionProbe(check: TransactionCheck, env = process.env): Probe {
  return async (signal) => {
    if (signal.aborted) return failed("it was withdrawn before it began");
    const values = new TemplateValues(
      [...check.steps, ...check.cleanup].flatMap(textsOf).map(({ text }) => text),
      env,
    );
    const why = await firstFault(check, values, signal);
    return verdictOf(why, await cleanUp(check, values));
  };
}

async function firstFault(check: TransactionCheck, values: TemplateValues, signal: AbortSignal) {
  for (const step of check.steps) {
    const why = await whyNotDone(step, check, values, signal);
    if (why !== undefined) return why;
  }
  return undefined;
}

/** All that is wrong with the clean-up; every step of it is tried. */
async function cleanUp(check: TransactionCheck, values: TemplateValues): Promise<string[]> {
  const signal = AbortSignal.timeout(cleanupMs);
  const faults: string[] = [];
  for (const step of check.cleanup) {
    if (values.missingFor(step) !== undefined) continue; // What was never made needs no cleaning up.
    const why = await whyNotDone(step, check, values, signal);
    if (why !== undefined) faults.push(`clean-up: ${why}`);
  }
  return faults;
}

function verdictOf(why: string | undefined, faults: readonly string[]): Verdict {
  if (why !== undefined) return failed([why, ...faults].join("; "));
  return faults.length === 0 ? passed : warned(faults.join("; "));
}

async function whyNotDone(
  step: TransactionStep,
  { tls }: TransactionCheck,
  values: TemplateValues,
  signal: AbortSignal,
): Promise<string | undefined> {
  const missing = values.missingFor(step);
  if (missing !== undefined) return `step ${step.name}: {{${missing}}} has no value`;
  const url = values.fillUrl(step.url);
  const what = `step ${step.name}: ${step.method} ${shown(url)}`;
  try {
    const answer = await askHttp(
      {
        url,
        method: step.method,
        headers: Object.fromEntries(Object.entries(step.headers).map(([name, text]) => [name, values.fill(text)])),
        body: step.body === undefined ? undefined : values.fill(step.body),
        tls,
        maxBytes: Object.keys(step.capture).length > 0 ? step.max_body : neededBytes(step),
      },
      signal,
    );
    // First what can be had of the answer: what was made has to be cleaned up also when it is not as wanted.
    const uncaptured = await whyNotCaptured(answer, step, values);
    const why = (await whyUnwanted(answer, step)) ?? uncaptured;
    return why === undefined ? undefined : values.hide(`${what} ${why}`);
  } catch (failure) {
    return values.hide(`${what}: ${whyOf(failure)}`);
  }
}

/** Captures all that can be; says what of it is not there first. */
async function whyNotCaptured(
  { status, body }: HttpAnswer,
  { capture }: TransactionStep,
  values: TemplateValues,
): Promise<string | undefined> {
  const wanted = Object.entries(capture);
  const json = wanted.length === 0 ? null : parse(body);
  if (json === undefined) return `answered ${status}, but not in JSON, from which ${wanted[0]?.[0]} would be taken`;
  const faults: string[] = [];
  for (const [name, path] of wanted) {
    const [value] = await selected(path, json);
    const found = textOf(value, path);
    if ("text" in found) values.capture(name, found.text);
    else faults.push(`answered ${status}, but ${found.fault} for ${name}`);
  }
  return faults[0];
}

function textOf(value: Json | undefined, path: string): { text: string } | { fault: string } {
  if (value === undefined) return { fault: `there is no ${path}` };
  if (value === null || typeof value === "object") return { fault: `${path} is no value` };
  const text = String(value);
  return text.length > maxCapturedLength ? { fault: `${path} is too long` } : { text };
}
