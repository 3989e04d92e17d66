import * as z from "zod";
import { setting } from "../setting.js";
import { tlsOptions } from "../tls.js";
import { address, duration } from "../values.js";
import { common } from "./common.js";

const file = z.string().min(1);

export const tlsCheck = z
  .strictObject({
    ...common,
    kind: z.literal("tls"),
    address: setting(address.optional(), "`host:port` that must speak TLS, from the first byte on"),
    file: setting(file.optional(), "Instead of `address`: PEM file with certificates that are looked at on the disk"),
    warn_before: setting(duration.prefault("14d"), "A certificate that expires within this time is a warning"),
    fail_before: setting(duration.prefault("0s"), "A certificate that expires within this time fails"),
    cert: setting(
      file.optional(),
      "PEM file with the certificate that should be served: another key fails, another certificate of the same key warns",
    ),
    key: setting(file.optional(), "PEM file with the key that the certificate must belong to"),
    tls: setting(
      tlsOptions.prefault({}),
      "Whom to believe, under which name and from which version on; and the agent's own certificate",
    ),
  })
  .refine(({ address, file }) => (address === undefined) !== (file === undefined), "must have either address or file")
  .refine(({ file, cert }) => file === undefined || cert === undefined, {
    path: ["cert"],
    error: "must not stand beside `file`, which is the certificate",
  });
export type TlsCheck = z.output<typeof tlsCheck>;
