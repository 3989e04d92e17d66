import * as z from "zod";
import { namesIn } from "../../core/template.js";
import { setting } from "../setting.js";
import { tlsOptions } from "../tls.js";
import { span } from "../values.js";
import { answerFields, httpUrl, requestMethod } from "./answer.js";
import { common } from "./common.js";
import { givenNames, isKnown, unknownName } from "./templates.js";

export const httpCheck = z.strictObject({
  ...common,
  kind: z.literal("http"),
  url: setting(httpUrl, "What is asked"),
  method: setting(requestMethod.default("GET"), "How it is asked"),
  headers: setting(z.record(z.string(), z.string()).default({}), "Sent with the request", { secret: "by-name" }),
  body: setting(
    z
      .string()
      .max(65_536)
      .superRefine((text, context) => {
        const known = new Set(givenNames);
        for (const name of namesIn(text))
          if (!isKnown(name, known)) context.addIssue({ code: "custom", message: unknownName(name, known) });
      })
      .optional(),
    "Sent with the request; `{{uuid}}`, `{{now}}`, `{{now:unix}}` and `{{env:NAME}}` in it are filled in each time",
    { secret: true },
  ),
  ...answerFields,
  redirects: setting(
    z.int().min(0).max(10).default(0),
    "How many redirects are followed; another origin gets no header but Accept, and no body. With 0 the redirect is the answer",
  ),
  slower_than: setting(span.optional(), "An answer that takes longer is a warning"),
  tls: setting(tlsOptions.optional(), "How an https:// URL is asked, and whom is believed"),
});
export type HttpCheck = z.output<typeof httpCheck>;
