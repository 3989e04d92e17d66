import * as z from "zod";
import { pattern } from "../pattern.js";
import { setting } from "../setting.js";
import { address } from "../values.js";
import { common } from "./common.js";

export const tcpCheck = z.strictObject({
  ...common,
  kind: z.literal("tcp"),
  address: setting(address, "`host:port` that must accept a connection"),
  send: setting(
    z.string().min(1).max(65_536).optional(),
    'Text that is sent once connected; line ends as the protocol wants them, like "PING\\r\\n"',
  ),
  expect: setting(
    pattern.optional(),
    "Regular expression that what comes back must match, of which the first 4 KiB count; `^` and `$` are the ends of a line",
  ),
});
export type TcpCheck = z.output<typeof tcpCheck>;
