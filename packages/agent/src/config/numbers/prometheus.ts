import * as z from "zod";
import { setting } from "../setting.js";
import { page } from "./page.js";
import { metricName } from "./metric.js";

const globs = z.array(z.string().min(1)).default([]);

export const prometheusNumbers = z.strictObject({
  ...page,
  include: setting(globs, "Names of the metrics to keep, `*` for any characters; all when empty"),
  exclude: setting(globs, "Names of the metrics to leave out"),
  aliases: setting(
    z.record(metricName, z.array(z.string().min(1)).min(1, "must name at least one metric")).default({}),
    "Names differ between versions: under each name here the first of the metrics in its list that is there is shown, too",
  ),
});
export type PrometheusNumbers = z.output<typeof prometheusNumbers>;
