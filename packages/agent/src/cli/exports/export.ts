import { stringify } from "yaml";
import { loadConfigOrThrow } from "../../config/load.js";
import type { Config } from "../../config/schema.js";
import { configFile, type Globals } from "../globals.js";
import { print, printJson } from "../output.js";
import { grafanaDashboard } from "./grafana-dashboard.js";
import { prometheusRules } from "./prometheus-rules.js";
import { scrapeConfig } from "./scrape-config.js";

/** The alert rules of the configuration file, for Prometheus. Like all exports it asks no agent. */
export async function exportRules(globals: Globals): Promise<number> {
  return show(globals, prometheusRules(configOf(globals)));
}

/** The scrape job of this agent, for Prometheus. */
export async function exportScrapeConfig(globals: Globals): Promise<number> {
  return show(globals, scrapeConfig(configOf(globals)));
}

/** A dashboard, as Grafana imports it. */
export async function exportDashboard(globals: Globals): Promise<number> {
  printJson(grafanaDashboard(configOf(globals)));
  return 0;
}

function configOf(globals: Globals): Config {
  return loadConfigOrThrow(configFile(globals), process.env).config;
}

function show({ json }: Globals, value: object): number {
  if (json) printJson(value);
  else print(stringify(value, { lineWidth: 0 }).trimEnd());
  return 0;
}
