import * as z from "zod";
import { filled, namesIn } from "../../core/template.js";
import { setting } from "../setting.js";
import { tlsOptions } from "../tls.js";
import { answerFields, requestMethod } from "./answer.js";
import { common } from "./common.js";
import { jsonPath } from "./json.js";
import { givenNames, isKnown, unknownName } from "./templates.js";

const captureName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,62}$/, "must be letters, digits or _, and begin with a letter")
  .refine((text) => !givenNames.includes(text), "is a name that templates know already");

const step = z.strictObject({
  name: setting(z.string().min(1).max(100), "Shown in reasons"),
  method: setting(requestMethod.default("GET"), "How it is asked"),
  url: setting(
    z.string().min(1).refine(isUrl, "must be an http:// or https:// URL"),
    "What is asked. Here, in header values and in the body `{{uuid}}`, `{{now}}` (ISO 8601), `{{now:unix}}` (seconds), " +
      "`{{env:NAME}}` and what was captured before are filled in; the first three are the same in all steps of one run",
  ),
  headers: setting(z.record(z.string(), z.string()).default({}), "Sent with the request", { secret: "by-name" }),
  body: setting(z.string().max(65_536).optional(), "Sent with the request", { secret: true }),
  ...answerFields,
  capture: setting(
    z.record(captureName, jsonPath).default({}),
    "Values of the answer for later steps: name, and JSONPath of a text, number or boolean",
  ),
});
export type TransactionStep = z.output<typeof step>;

export const transactionCheck = z
  .strictObject({
    ...common,
    kind: z.literal("transaction"),
    steps: setting(
      z.array(step).min(1).max(50),
      "Asked one after the other; the first that is not as wanted fails the check",
    ),
    cleanup: setting(
      z.array(step).max(50).default([]),
      "Asked whenever a step was, also after a failure and when the time is over, within 5 s; what fails of it warns. " +
        "A step that needs what was never captured is left out",
    ),
    tls: setting(tlsOptions.optional(), "How https:// URLs are asked, and whom is believed"),
  })
  .superRefine(({ steps, cleanup }, context) => {
    const known = new Set(givenNames);
    const look = (list: "steps" | "cleanup") => (one: TransactionStep, at: number) => {
      for (const { path, text } of textsOf(one))
        for (const name of namesIn(text))
          if (!isKnown(name, known))
            context.addIssue({ code: "custom", path: [list, at, ...path], message: unknownName(name, known) });
      for (const name of Object.keys(one.capture)) known.add(name);
    };
    steps.forEach(look("steps"));
    cleanup.forEach(look("cleanup"));
  });
export type TransactionCheck = z.output<typeof transactionCheck>;

/** Where in a step templates are filled in, and what stands there. */
export function textsOf({ url, headers, body }: TransactionStep): { path: string[]; text: string }[] {
  return [
    { path: ["url"], text: url },
    ...Object.entries(headers).map(([name, text]) => ({ path: ["headers", name], text })),
    ...(body === undefined ? [] : [{ path: ["body"], text: body }]),
  ];
}

/** With whatever the templates become. One that begins with a template is known only when it is asked. */
function isUrl(text: string): boolean {
  if (text.startsWith("{{")) return true;
  const url = filled(text, () => "1");
  return URL.canParse(url) && /^https?:/.test(url);
}
