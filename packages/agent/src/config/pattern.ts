import { messageOf } from "@ostler/protocol";
import * as z from "zod";

/** Longer ones are a mistake. */
const maxPatternLength = 1000;

/** A regular expression, as text: what is none is told with its fault when the file is read. */
export const pattern = z
  .string()
  .min(1)
  .max(maxPatternLength)
  .superRefine((text, context) => {
    try {
      new RegExp(text);
    } catch (failure) {
      context.addIssue({ code: "custom", message: `must be a regular expression: ${messageOf(failure)}` });
    }
  });
