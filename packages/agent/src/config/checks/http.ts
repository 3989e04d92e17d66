import * as z from "zod";
import { setting } from "../setting.js";
import { common } from "./common.js";

export const httpCheck = z.strictObject({
  ...common,
  kind: z.literal("http"),
  url: setting(
    z.url({ protocol: /^https?$/, error: "must be an http:// or https:// URL" }),
    "Asked with GET; redirects are not followed",
  ),
  headers: setting(z.record(z.string(), z.string()).default({}), "Sent with the request", { secret: "by-name" }),
  status: setting(z.array(z.int().min(100).max(599)).default([]), "Accepted statuses; any 2xx when empty"),
});
export type HttpCheck = z.output<typeof httpCheck>;
