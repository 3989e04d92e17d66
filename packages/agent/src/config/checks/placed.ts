import { placedTls } from "../tls.js";
import type { CheckConfig } from "./check.js";

/** A check with its paths made absolute. */
export function placedCheck(check: CheckConfig, absolute: (path: string) => string): CheckConfig {
  switch (check.kind) {
    case "http":
    case "socks5":
    case "transaction":
      return { ...check, ...placedTls(check, absolute) };
    case "tls": {
      const { file, cert, key } = check;
      return {
        ...check,
        ...(file === undefined ? {} : { file: absolute(file) }),
        ...(cert === undefined ? {} : { cert: absolute(cert) }),
        ...(key === undefined ? {} : { key: absolute(key) }),
        ...placedTls(check, absolute),
      };
    }
    case "file":
    case "disk":
      return { ...check, path: absolute(check.path) };
    case "tcp":
    case "metric":
    case "redis":
    case "process":
    case "output":
    case "push":
    case "udp":
    case "quic":
    case "dns":
    case "exec":
      return check;
    default:
      return check satisfies never;
  }
}
