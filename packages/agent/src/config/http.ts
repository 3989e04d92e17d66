import { BlockList, isIPv4, isIPv6 } from "node:net";
import { scopes } from "@ostler/protocol";
import * as z from "zod";
import { setting } from "./setting.js";
import { address, name, type Address } from "./values.js";

const cidr = z.string().refine((text) => {
  const [host = "", bits = ""] = text.split("/");
  return /^\d{1,3}$/.test(bits) && ((isIPv4(host) && Number(bits) <= 32) || (isIPv6(host) && Number(bits) <= 128));
}, "must be a network like 10.0.0.0/8 or fd00::/8");

const token = z.strictObject({
  id: setting(name, "Name of the token in events and logs"),
  secret: setting(z.string().min(1), "What the client sends as `Authorization: Bearer`; take it from `${file:…}`", {
    secret: true,
  }),
  scopes: setting(
    z.array(z.enum(scopes)).min(1).default(["read"]),
    "`read`, `write` (services too) or `admin` (the agent too)",
  ),
});
export type Token = z.output<typeof token>;

export const httpConfig = z
  .strictObject({
    listen: setting(
      z.union([z.literal("off"), address]).prefault("127.0.0.1:9680"),
      "`host:port`, or `off` for the unix socket alone",
    ),
    probes: setting(
      address.optional(),
      "Another `host:port` that answers /health, /ready and /metrics to anybody, without a token",
    ),
    tls: setting(
      z
        .strictObject({ cert: setting(z.string().min(1), "PEM file"), key: setting(z.string().min(1), "PEM file") })
        .optional(),
      "HTTPS with TLS 1.3; needed, with tokens, to listen beyond loopback",
    ),
    tokens: setting(
      z.array(token).default([]),
      "Without any, reading is open on loopback and nothing can be changed over TCP",
    ),
    allow_cidr: setting(z.array(cidr).default([]), "Networks that may connect; everyone who can when empty"),
    debug: setting(z.boolean().default(false), "Open /debug/* to the scope admin"),
  })
  .superRefine((http, context) => {
    const { listen, probes, tls, tokens } = http;
    if (listen !== "off" && !isLoopback(listen.host) && !(tls && tokens.length > 0))
      context.addIssue({
        code: "custom",
        path: ["listen"],
        message: `${listen.host} is reachable from other hosts: set http.tls and http.tokens, or listen on 127.0.0.1`,
      });
    if (probes && tokens.length === 0)
      context.addIssue({
        code: "custom",
        path: ["probes"],
        message: "is only of use with http.tokens: without them the main listener is open",
      });
    const ids = tokens.map(({ id }) => id);
    const twice = ids.findIndex((id, at) => ids.indexOf(id) !== at);
    if (twice >= 0)
      context.addIssue({ code: "custom", path: ["tokens", twice, "id"], message: "is used by another token" });
  });
export type HttpConfig = z.output<typeof httpConfig>;

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

export function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [host = "", bits = ""] = network.split("/");
    list.addSubnet(host, Number(bits), isIPv4(host) ? "ipv4" : "ipv6");
  }
  return list;
}

export function inWords({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
