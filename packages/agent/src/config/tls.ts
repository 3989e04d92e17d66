import * as z from "zod";
import { setting } from "./setting.js";

const file = z.string().min(1);

/** How the agent shows itself to a TLS server and what it trusts. The files are read at each use, so they may be replaced. */
export const tlsOptions = z.strictObject({
  ca: setting(file.optional(), "PEM file with the authorities to trust, instead of the well-known ones"),
  cert: setting(file.optional(), "PEM file with the certificate that the agent shows"),
  key: setting(file.optional(), "PEM file with its key"),
  server_name: setting(z.string().min(1).optional(), "Name to ask for and to expect, where it is not the host's"),
  verify: setting(z.boolean().default(true), "`false`: whoever answers is believed"),
  min_version: setting(z.enum(["1.2", "1.3"]).default("1.2"), "Oldest version of TLS that is good enough"),
});
export type TlsOptions = z.output<typeof tlsOptions>;

/** The options of something that may have some, with their paths made absolute. */
export function placedTls(
  { tls }: { tls?: TlsOptions | undefined },
  absolute: (path: string) => string,
): { tls?: TlsOptions } {
  if (!tls) return {};
  const { ca, cert, key } = tls;
  return {
    tls: {
      ...tls,
      ...(ca === undefined ? {} : { ca: absolute(ca) }),
      ...(cert === undefined ? {} : { cert: absolute(cert) }),
      ...(key === undefined ? {} : { key: absolute(key) }),
    },
  };
}
