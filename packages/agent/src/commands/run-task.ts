import { notFound } from "@ostler/protocol";
import { taskOf, type ServiceConfig } from "../config/services.js";
import type { Handler } from "../core/dispatcher.js";
import type { LeftTasks } from "../sources/tasks/left-tasks.js";
import { runTask as run, type RunTaskDeps } from "../sources/tasks/run-task.js";

type Services = Readonly<Record<string, ServiceConfig>>;

export type RunTaskHands = RunTaskDeps & { services: () => Services; left: LeftTasks };

/** The configuration is read when the task begins, so that a reload changes tasks at once. */
export function runTask({ services, left, ...deps }: RunTaskHands): Handler<"task.run"> {
  return async ({ service, task: name }, { signal }) => {
    const known = services();
    const config = Object.hasOwn(known, service) ? known[service] : undefined;
    if (!config) throw notFound("service", service, Object.keys(known));
    const task = taskOf(config, name);
    if (!task) throw notFound(`task of ${service}`, name, Object.keys(config.tasks));
    await left.ended;
    return run({ service, name }, task, deps, signal);
  };
}
