import * as z from "zod";
import { pattern } from "../pattern.js";
import { setting } from "../setting.js";

/** A JSONPath (RFC 9535). Only its beginning is looked at here; the check says what is wrong with the rest. */
export const jsonPath = z.string().max(500).startsWith("$", "must be a JSONPath, which begins with $, like $.status");

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

export const jsonAssertion = z
  .strictObject({
    path: setting(jsonPath, "JSONPath (RFC 9535) of what is looked at; where it selects several, each must be right"),
    equals: setting(scalar.optional(), "The value that it must have"),
    not: setting(scalar.optional(), "The value that it must not have"),
    at_least: setting(z.number().optional(), "The least number that is right"),
    at_most: setting(z.number().optional(), "The greatest number that is right"),
    matches: setting(pattern.optional(), "Regular expression that the text, or the value as JSON, must match"),
    exists: setting(
      z.boolean().default(true),
      "`false`: it must not be there. Otherwise what is absent fails, whatever else is wanted: absent is not zero",
    ),
  })
  .refine((wanted) => wanted.exists || Object.keys(wanted).length === 2, {
    path: ["exists"],
    error: "what must not be there can be nothing else",
  });
export type JsonAssertion = z.output<typeof jsonAssertion>;
