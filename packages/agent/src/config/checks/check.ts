import * as z from "zod";
import { execCheck } from "./exec.js";
import { httpCheck } from "./http.js";
import { metricCheck } from "./metric.js";
import { outputCheck } from "./output.js";
import { processCheck } from "./process.js";
import { pushCheck } from "./push.js";
import { tcpCheck } from "./tcp.js";

/** Every kind of check. */
export const checkConfig = z.discriminatedUnion("kind", [
  httpCheck,
  tcpCheck,
  execCheck,
  metricCheck,
  processCheck,
  outputCheck,
  pushCheck,
]);
export type CheckConfig = z.output<typeof checkConfig>;
