import * as z from "zod";
import { execCheck } from "./exec.js";
import { httpCheck } from "./http.js";
import { tcpCheck } from "./tcp.js";

/** Every kind of check. */
export const checkConfig = z.discriminatedUnion("kind", [httpCheck, tcpCheck, execCheck]);
export type CheckConfig = z.output<typeof checkConfig>;
