import { hostname } from "node:os";
import { OstlerError } from "@ostler/protocol";
import { inWords } from "../../config/http.js";
import type { Config } from "../../config/schema.js";

/** How Prometheus finds this agent. What it must know besides, and no file may show, stands there as a place to fill in. */
export function scrapeConfig({ agent, http }: Pick<Config, "agent" | "http">): object {
  const { listen, probes } = http;
  const at = probes ?? listen;
  if (at === "off")
    throw new OstlerError("config-invalid", "http.listen is off: nobody can scrape this agent. Give it an address.");
  const name = agent.name ?? hostname();
  const host = at.host === "0.0.0.0" || at.host === "::" ? name : at.host; // Who listens everywhere is reached by name.
  const { tls, tokens } = probes ? { tls: undefined, tokens: [] } : http; // Probes are answered to anybody, in the clear.
  return {
    scrape_configs: [
      {
        job_name: "ostler",
        scrape_interval: "15s",
        scheme: tls ? "https" : "http",
        ...(tokens.length > 0 ? { authorization: { credentials_file: "/etc/prometheus/ostler.token" } } : {}),
        ...(tls ? { tls_config: { ca_file: "/etc/prometheus/ostler-ca.pem" } } : {}),
        static_configs: [{ targets: [inWords({ host, port: at.port })], labels: { node: name } }],
      },
    ],
  };
}
