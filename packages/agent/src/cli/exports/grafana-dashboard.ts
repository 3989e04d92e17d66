import { looksOfRule, panelsOf } from "./panels.js";
import type { Config } from "../../config/schema.js";

const schemaVersion = 39;
const [panelWidth, panelHeight, rowWidth] = [12, 8, 24];

export type Panel = {
  title: string;
  exprs: { expr: string; legend: string }[];
  unit?: string;
  type?: "timeseries" | "stat";
};

/** A dashboard of everything that this configuration is about: the services, their processes, checks, rules, and the host. */
export function grafanaDashboard(config: Pick<Config, "services">): object {
  const panels = [...panelsOf(), ...Object.entries(config.services).flatMap(([name, its]) => looksOfRule(name, its))];
  return {
    title: "Ostler",
    uid: "ostler",
    tags: ["ostler"],
    schemaVersion,
    version: 1,
    editable: true,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    templating: {
      list: [
        { name: "datasource", type: "datasource", query: "prometheus", label: "Data source" },
        variable("instance", "label_values(ostler_build_info, instance)"),
        variable("service", 'label_values(ostler_service_ready{instance=~"$instance"}, service)'),
      ],
    },
    panels: panels.map(placed),
  };
}

function variable(name: string, query: string): object {
  const datasource = { type: "prometheus", uid: "${datasource}" };
  return { name, type: "query", datasource, query, refresh: 2, includeAll: true, multi: true, allValue: ".*" };
}

function placed({ title, exprs, unit = "short", type = "timeseries" }: Panel, at: number): object {
  const perRow = rowWidth / panelWidth;
  const gridPos = {
    x: (at % perRow) * panelWidth,
    y: Math.floor(at / perRow) * panelHeight,
    w: panelWidth,
    h: panelHeight,
  };
  const datasource = { type: "prometheus", uid: "${datasource}" };
  return {
    id: at + 1,
    title,
    type,
    datasource,
    gridPos,
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options: type === "timeseries" ? { legend: { displayMode: "list", placement: "bottom" } } : {},
    targets: exprs.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + index),
      datasource,
      expr,
      legendFormat: legend,
    })),
  };
}
