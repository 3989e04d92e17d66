import { NODATA, NOTFOUND, Resolver } from "node:dns/promises";
import { isIP } from "node:net";
import type { DnsCheck } from "../../../config/checks/dns.js";
import { inWords } from "../../../config/http.js";
import { failed, passed, type Probe } from "../verdict.js";
import { whyNotExpected } from "./dns-answers.js";
import { whyOf } from "./words.js";

/** A question that may have been lost is asked again after this time, then later and later. */
const againMs = 1000;

/** Asks a server, past whatever the host keeps in its files and caches. */
export function dnsProbe(check: DnsCheck): Probe {
  const { host, type, server } = check;
  return async (signal) => {
    const resolver = new Resolver({ timeout: againMs });
    const who = server ? `${inWords(server)}: ` : "";
    const cancel = (): void => resolver.cancel();
    try {
      if (signal.aborted) return failed(`${who}${type} ${host} was withdrawn before it was asked`);
      signal.addEventListener("abort", cancel);
      if (server) resolver.setServers([inWords(server)]);
      const why = whyNotExpected(await answersOf(resolver, check), check);
      return why === undefined ? passed : failed(`${who}${type} ${host} ${why}`);
    } catch (failure) {
      return failed(`${who}${type} ${host} ${faultOf(failure)}`);
    } finally {
      signal.removeEventListener("abort", cancel);
      resolver.cancel();
    }
  };
}

/** The answers, each in one line of text. */
async function answersOf(resolver: Resolver, { host, type }: DnsCheck): Promise<string[]> {
  switch (type) {
    case "A":
      return resolver.resolve4(host);
    case "AAAA":
      return resolver.resolve6(host);
    case "CNAME":
      return resolver.resolveCname(host);
    case "NS":
      return resolver.resolveNs(host);
    case "PTR":
      return isIP(host) > 0 ? resolver.reverse(host) : resolver.resolvePtr(host);
    case "TXT":
      return (await resolver.resolveTxt(host)).map((pieces) => pieces.join(""));
    case "MX":
      return (await resolver.resolveMx(host)).map(({ priority, exchange }) => `${priority} ${exchange}`);
    case "SRV": {
      const records = await resolver.resolveSrv(host);
      return records.map(({ priority, weight, port, name }) => `${priority} ${weight} ${port} ${name}`);
    }
    default:
      return type satisfies never;
  }
}

function faultOf(failure: unknown): string {
  const { code } = failure as NodeJS.ErrnoException;
  switch (code) {
    case NOTFOUND:
      return "does not exist";
    case NODATA:
      return "has no such record";
    case "ESERVFAIL":
      return "could not be answered by the server (SERVFAIL)";
    case "EREFUSED":
      return "was refused by the server";
    case "ECONNREFUSED":
      return "was not asked: nobody listens there";
    case "ETIMEOUT":
    case "ECANCELLED":
      return "was not answered";
    default:
      return `failed: ${whyOf(failure)}`;
  }
}
