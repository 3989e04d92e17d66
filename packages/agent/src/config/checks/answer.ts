import * as z from "zod";
import { pattern } from "../pattern.js";
import { setting } from "../setting.js";
import { size } from "../values.js";
import { jsonAssertion } from "./json.js";

/** Patterns and JSONPaths are tried on no more than this of a body. */
const maxBodyBytes = 1024 * 1024;

/** What an HTTP answer must be, wherever one is asked for. */
export const answerFields = {
  status: setting(z.array(z.int().min(100).max(599)).default([]), "Accepted statuses; any 2xx when empty"),
  match: setting(
    pattern.optional(),
    "Regular expression that the body must match; `^` and `$` are the ends of a line of it",
  ),
  json: setting(z.array(jsonAssertion).max(100).default([]), "What must hold of the body, as JSON"),
  max_body: setting(
    size.refine((bytes) => bytes >= 1 && bytes <= maxBodyBytes, "must be between 1B and 1MiB").prefault("64KiB"),
    "What of a body is read, where it is looked at; what is cut off there is told",
  ),
};
export type WantedAnswer = z.output<z.ZodObject<typeof answerFields>>;

export const requestMethod = z.enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

export const httpUrl = z.url({ protocol: /^https?$/, error: "must be an http:// or https:// URL" });
