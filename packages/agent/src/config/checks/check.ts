import * as z from "zod";
import { diskCheck } from "./disk.js";
import { dnsCheck } from "./dns.js";
import { execCheck } from "./exec.js";
import { fileCheck } from "./file.js";
import { httpCheck } from "./http.js";
import { metricCheck } from "./metric.js";
import { outputCheck } from "./output.js";
import { processCheck } from "./process.js";
import { pushCheck } from "./push.js";
import { quicCheck } from "./quic.js";
import { redisCheck } from "./redis.js";
import { socks5Check } from "./socks5.js";
import { tcpCheck } from "./tcp.js";
import { tlsCheck } from "./tls.js";
import { transactionCheck } from "./transaction.js";
import { udpCheck } from "./udp.js";

/** Every kind of check. */
export const checkConfig = z.discriminatedUnion("kind", [
  httpCheck,
  tcpCheck,
  udpCheck,
  quicCheck,
  tlsCheck,
  execCheck,
  dnsCheck,
  fileCheck,
  diskCheck,
  socks5Check,
  transactionCheck,
  metricCheck,
  outputCheck,
  processCheck,
  pushCheck,
  redisCheck,
]);
export type CheckConfig = z.output<typeof checkConfig>;
