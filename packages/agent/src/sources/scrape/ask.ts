import type { NumbersSource } from "../../config/metrics.js";
import type { Ask } from "./families.js";
import { askExec } from "./kinds/exec.js";
import { askJson } from "./kinds/json.js";
import { askLog } from "./kinds/log.js";
import { askPrometheus } from "./kinds/prometheus.js";
import { askRedis } from "./kinds/redis.js";
import type { Output } from "./log/new-lines.js";

/** How a source is asked; the configuration has exactly one way. */
export function askOf({ prometheus, json, redis, exec, log }: NumbersSource, output: Output): Ask {
  if (prometheus) return askPrometheus(prometheus);
  if (json) return askJson(json);
  if (redis) return askRedis(redis);
  if (exec) return askExec(exec);
  if (log) return askLog(log, output);
  return () => Promise.reject(new Error("nothing says where its numbers are"));
}
