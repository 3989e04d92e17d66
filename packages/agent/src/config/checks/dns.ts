import { isIP } from "node:net";
import * as z from "zod";
import { setting } from "../setting.js";
import { address } from "../values.js";
import { common } from "./common.js";

export const dnsRecord = z.enum(["A", "AAAA", "CNAME", "MX", "TXT", "SRV", "NS", "PTR"]);
export type DnsRecord = z.output<typeof dnsRecord>;

export const dnsCheck = z
  .strictObject({
    ...common,
    kind: z.literal("dns"),
    host: setting(z.string().min(1).max(255), "Name that is looked up; for PTR also an IP address"),
    type: setting(dnsRecord.default("A"), "Kind of record that is asked for"),
    server: setting(
      address.refine(({ host }) => isIP(host) > 0, "must be the IP address of a server, with its port").optional(),
      "`ip:port` of the server that is asked; those of the host when absent",
    ),
    expect: setting(
      z.array(z.string().min(1)).max(100).default([]),
      "Values that must be among the answers, written like `192.0.2.1`, `10 mail.example.org` (MX), `5 0 443 web.example.org` (SRV)",
    ),
    exact: setting(z.boolean().default(false), "`true`: there must be no answers but those expected"),
    min_answers: setting(z.int().min(1).max(100).default(1), "Fewer answers fail"),
  })
  .refine(({ exact, expect }) => !exact || expect.length > 0, { path: ["exact"], error: "needs expect" });
export type DnsCheck = z.output<typeof dnsCheck>;
