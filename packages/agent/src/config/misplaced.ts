import type { Complaint } from "./problems.js";
import { processFields } from "./processes.js";

/** Settings of one process, which a service without `processes` may take for its own. */
const ofProcess = Object.keys(processFields);

/** What the tasks of a service with several processes have of it: no process could lend them its own. */
const ofTasks = ["env", "cwd"];

/**
 * Settings of a process that stand beside `processes`, where nobody would heed them. Looked for in what was written: a
 * schema that has a default for them knows no difference.
 */
export function misplacedIn(written: unknown): Complaint[] {
  return Object.entries(mapping(mapping(written).services)).flatMap(([name, text]) => {
    const service = mapping(text);
    if (service.processes === undefined) return [];
    const hasUse = Object.keys(mapping(service.tasks)).length > 0 && Object.keys(mapping(service.processes)).length > 1;
    return ofProcess
      .filter((key) => service[key] !== undefined && !(hasUse && ofTasks.includes(key)))
      .map((key) => ({
        path: ["services", name, key],
        atKey: true,
        message: "belongs to a process: write it below processes.NAME",
      }));
  });
}

/** Nothing of what is no mapping: the schema complains about that. */
function mapping(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
