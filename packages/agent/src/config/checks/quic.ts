import * as z from "zod";
import { setting } from "../setting.js";
import { address } from "../values.js";
import { common } from "./common.js";

const version = z
  .string()
  .regex(/^([12]|0x[0-9a-fA-F]{1,8})$/, "must be 1, 2 or a number like 0xff00001d")
  .describe("1, 2 or a number like 0xff00001d");

export const quicCheck = z.strictObject({
  ...common,
  kind: z.literal("quic"),
  address: setting(
    address,
    "`host:port` that is asked over UDP for a version of QUIC that does not exist; whoever speaks QUIC answers with those it does",
  ),
  versions: setting(z.array(version).max(20).default([]), "Versions that must be among those offered; any when empty"),
});
export type QuicCheck = z.output<typeof quicCheck>;
