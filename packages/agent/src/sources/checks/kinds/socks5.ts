import type { Socket } from "node:net";
import type { Socks5Check } from "../../../config/checks/socks5.js";
import { inWords } from "../../../config/http.js";
import type { Address } from "../../../config/values.js";
import { shown } from "../../../core/shown-url.js";
import { askHttp } from "../../../platform/ask-http.js";
import { failed, passed, type Probe, type Verdict } from "../verdict.js";
import { whyUnwanted } from "./http-answer.js";
import { openTunnel, Refusal } from "./socks5-tunnel.js";
import { whyOf } from "./words.js";

/** Connects through a proxy and, where a URL is named, asks it through that connection. */
export function socks5Probe(check: Socks5Check): Probe {
  const { address, username, password, http } = check;
  const target = check.target ?? targetOf(http ?? "");
  const credentials = username === undefined || password === undefined ? undefined : { username, password };
  const way = `${inWords(target)} through ${inWords(address)}`;
  return async (signal) => {
    let tunnel: Socket | undefined;
    try {
      tunnel = await openTunnel(address, target, credentials, signal);
      return http === undefined ? passed : await askThrough(tunnel, http, check, signal);
    } catch (failure) {
      if (failure instanceof Refusal) return failed(`${way}: the proxy ${failure.message}`);
      return failed(`${way}: ${whyOf(failure)}`);
    } finally {
      tunnel?.destroy();
    }
  };
}

async function askThrough(tunnel: Socket, url: string, check: Socks5Check, signal: AbortSignal): Promise<Verdict> {
  const answer = await askHttp({ url, tls: check.tls, maxBytes: 0, through: tunnel }, signal);
  const why = await whyUnwanted(answer, { status: check.status, json: [], max_body: 0 });
  return why === undefined ? passed : failed(`${shown(url)} through ${inWords(check.address)} ${why}`);
}

function targetOf(url: string): Address {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  return { host, port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port) };
}
