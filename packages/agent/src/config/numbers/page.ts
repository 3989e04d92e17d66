import * as z from "zod";
import { setting } from "../setting.js";
import { tlsOptions } from "../tls.js";

/** A page that is asked for its numbers. */
export const page = {
  url: setting(
    z.url({ protocol: /^https?$/, error: "must be an http:// or https:// URL" }),
    "Asked with GET; up to 3 redirects are followed, to another origin without the headers but Accept",
  ),
  headers: setting(z.record(z.string(), z.string()).default({}), "Sent with the request", { secret: "by-name" }),
  tls: setting(tlsOptions.optional(), "What holds for https"),
};
