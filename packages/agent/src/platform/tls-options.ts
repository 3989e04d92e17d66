import { readFileSync } from "node:fs";
import type { SecureContextOptions } from "node:tls";

/** As written in the configuration (see config/tls.ts): names of PEM files, and what to insist on. */
export type TlsFiles = {
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
  server_name?: string | undefined;
  verify: boolean;
  min_version: "1.2" | "1.3";
};

export type SecureOptions = Pick<SecureContextOptions, "ca" | "cert" | "key" | "minVersion"> & {
  servername?: string;
  rejectUnauthorized: boolean;
};

/** Reads the files. @throws what the file system says, with the name of the file */
export function secureOptions({ ca, cert, key, server_name, verify, min_version }: TlsFiles): SecureOptions {
  return {
    ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
    ...(cert === undefined ? {} : { cert: readFileSync(cert) }),
    ...(key === undefined ? {} : { key: readFileSync(key) }),
    ...(server_name === undefined ? {} : { servername: server_name }),
    rejectUnauthorized: verify,
    minVersion: `TLSv${min_version}`,
  };
}
