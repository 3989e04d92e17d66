import type { CheckConfig } from "../../config/checks/check.js";
import type { LookAt } from "../../core/series.js";
import { spoolPath, streams } from "../../platform/spool.js";
import { execProbe } from "./kinds/exec.js";
import { dnsProbe } from "./kinds/dns.js";
import { quicProbe } from "./kinds/quic.js";
import { tlsProbe } from "./kinds/tls.js";
import { udpProbe } from "./kinds/udp.js";
import { redisProbe } from "./kinds/redis.js";
import { diskProbe } from "./kinds/disk.js";
import { fileProbe } from "./kinds/file.js";
import { socks5Probe } from "./kinds/socks5.js";
import { transactionProbe } from "./kinds/transaction.js";
import { httpProbe } from "./kinds/http.js";
import { metricProbe } from "./kinds/metric.js";
import { outputProbe, type Output } from "./kinds/output.js";
import { processProbe, type Looked } from "./kinds/process.js";
import { pushProbe, type Pushes } from "./kinds/push.js";
import { tcpProbe } from "./kinds/tcp.js";
import type { Probe } from "./verdict.js";

/** What the kinds that look at the service itself need. */
export type ProbeHands = {
  service: string;
  look: LookAt;
  pushes: Pushes;
  nowMs: () => number;
  monotonicMs: () => number;
  /** For how long the youngest process that the check is about has been running. */
  runAgeMs: () => number;
  /** The processes that the check is about. */
  processes: () => Looked[];
  output: () => { unit: string } | { spools: string; processes: string[] };
};

/** How a check of each kind asks. */
export function probeOf(check: CheckConfig, hands: ProbeHands): Probe {
  const { service, look, nowMs, processes } = hands;
  switch (check.kind) {
    case "http":
      return httpProbe(check);
    case "tcp":
      return tcpProbe(check);
    case "exec":
      return execProbe(check);
    case "metric":
      return metricProbe(check, service, look, nowMs);
    case "process":
      return processProbe(check, processes);
    case "output":
      return outputProbe(check, outputOf(check.stream, hands), hands);
    case "push":
      return pushProbe(check, hands);
    case "udp":
      return udpProbe(check);
    case "quic":
      return quicProbe(check);
    case "tls":
      return tlsProbe(check);
    case "dns":
      return dnsProbe(check);
    case "redis":
      return redisProbe(check);
    case "file":
      return fileProbe(check);
    case "disk":
      return diskProbe(check);
    case "socks5":
      return socks5Probe(check);
    case "transaction":
      return transactionProbe(check);
    default:
      return check satisfies never;
  }
}

function outputOf(wanted: "stdout" | "stderr" | undefined, { service, output }: ProbeHands): Output {
  const its = output();
  if ("unit" in its) return its;
  const wantedStreams = streams.filter((stream) => wanted === undefined || stream === wanted);
  return {
    paths: its.processes.flatMap((process) =>
      wantedStreams.map((stream) => spoolPath(its.spools, service, process, stream)),
    ),
  };
}
