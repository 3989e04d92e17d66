import * as z from "zod";
import { pattern } from "../pattern.js";
import { setting } from "../setting.js";
import { address } from "../values.js";
import { common } from "./common.js";

/** More does not fit into one datagram. */
const maxDatagramBytes = 65_507;

export const udpCheck = z
  .strictObject({
    ...common,
    kind: z.literal("udp"),
    address: setting(
      address,
      "`host:port` that is sent a datagram. Without `expect` the check only fails when the host says that the port is closed: " +
        "silence is then all that UDP can show, and it passes",
    ),
    send: setting(z.string().max(maxDatagramBytes).optional(), "Text that is sent; an empty datagram when absent"),
    send_hex: setting(
      z
        .string()
        .regex(/^([0-9a-fA-F]{2})+$/, "must be bytes in hexadecimal, like 00ff17")
        .max(2 * maxDatagramBytes)
        .optional(),
      "The same as bytes in hexadecimal",
    ),
    expect: setting(
      pattern.optional(),
      "Regular expression that the answer must match; there must be one then. The datagram is sent again until it has come",
    ),
  })
  .refine(({ send, send_hex }) => send === undefined || send_hex === undefined, {
    path: ["send_hex"],
    error: "must not stand beside `send`",
  });
export type UdpCheck = z.output<typeof udpCheck>;
