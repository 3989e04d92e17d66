import * as z from "zod";
import { setting } from "../setting.js";
import { page } from "./page.js";
import { jsonPath } from "./json-path.js";
import { picked, someOf } from "./metric.js";

const value = z.strictObject({
  path: setting(jsonPath, "JSONPath (RFC 9535) of one value: a number, a number as text, or true (1) or false (0)"),
  ...picked,
});

export const jsonNumbers = z.strictObject({
  ...page,
  values: setting(someOf(value), "The metrics, by name"),
});
export type JsonNumbers = z.output<typeof jsonNumbers>;
