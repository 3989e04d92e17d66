import { messageOf } from "@ostler/protocol";
import * as z from "zod";
import { Pattern } from "../core/pattern/pattern.js";

/** Longer ones are a mistake. */
const maxPatternLength = 1000;

/** A regular expression, as text: what is none, or is none that takes linear time, is told with its fault when the file is read. */
export const pattern = z
  .string()
  .min(1)
  .max(maxPatternLength)
  .superRefine((text, context) => {
    try {
      Pattern.parse(text);
    } catch (failure) {
      context.addIssue({ code: "custom", message: `must be a regular expression: ${messageOf(failure)}` });
    }
  });
