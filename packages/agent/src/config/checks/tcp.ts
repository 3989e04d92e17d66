import * as z from "zod";
import { setting } from "../setting.js";
import { address } from "../values.js";
import { common } from "./common.js";

export const tcpCheck = z.strictObject({
  ...common,
  kind: z.literal("tcp"),
  address: setting(address, "`host:port` that must accept a connection"),
});
export type TcpCheck = z.output<typeof tcpCheck>;
