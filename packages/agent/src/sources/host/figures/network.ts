import { readFileSync } from "node:fs";
import type { Family } from "@ostler/protocol";
import { counter } from "../family.js";

/** More interfaces than these are not shown: a host of containers may have thousands. */
const maxInterfaces = 64;

const columns = [
  ["receive_bytes_total", "Bytes received", 0],
  ["receive_packets_total", "Packets received", 1],
  ["receive_errors_total", "Packets that arrived broken", 2],
  ["receive_dropped_total", "Packets received and then dropped", 3],
  ["transmit_bytes_total", "Bytes sent", 8],
  ["transmit_packets_total", "Packets sent", 9],
  ["transmit_errors_total", "Packets that could not be sent", 10],
  ["transmit_dropped_total", "Packets dropped instead of being sent", 11],
] as const;

/** What went through every network interface. */
export function networkFigures(path = "/proc/net/dev"): () => Family[] {
  return () => {
    const rows = readFileSync(path, "utf8")
      .trim()
      .split("\n")
      .slice(2, 2 + maxInterfaces)
      .map((line) => {
        const [device = "", numbers = ""] = line.trim().split(/:\s*/);
        return { device, values: numbers.split(/\s+/).map(Number) };
      });
    return columns.map(([name, help, at]) =>
      counter(
        `network_${name}`,
        help,
        rows.map(({ device, values }) => [{ device }, values[at]]),
      ),
    );
  };
}
