import * as z from "zod";
import { setting } from "../setting.js";
import { tlsOptions } from "../tls.js";
import { address } from "../values.js";
import { httpUrl } from "./answer.js";
import { common } from "./common.js";

/** RFC 1929 has one byte for the length of each. */
const maxCredentialBytes = 255;

const credential = z
  .string()
  .refine(
    (text) => text.length > 0 && Buffer.byteLength(text) <= maxCredentialBytes,
    `must be between 1 and ${maxCredentialBytes} bytes`,
  );

export const socks5Check = z
  .strictObject({
    ...common,
    kind: z.literal("socks5"),
    address: setting(address, "`host:port` of the SOCKS5 proxy"),
    username: setting(credential.optional(), "For a proxy that asks for one"),
    password: setting(credential.optional(), "Belongs to the username; take it from `${file:…}`", { secret: true }),
    target: setting(
      address.optional(),
      "`host:port` that the proxy must connect to; a name is looked up by the proxy. That of `http` when absent",
    ),
    http: setting(httpUrl.optional(), "Asked through the proxy with GET"),
    status: setting(z.array(z.int().min(100).max(599)).default([]), "Accepted statuses of `http`; any 2xx when empty"),
    tls: setting(tlsOptions.optional(), "How an https:// URL is asked, and whom is believed"),
  })
  .refine(({ target, http }) => target !== undefined || http !== undefined, "needs target or http")
  .refine(({ username, password }) => (username === undefined) === (password === undefined), {
    path: ["password"],
    error: "username and password belong together",
  });
export type Socks5Check = z.output<typeof socks5Check>;
