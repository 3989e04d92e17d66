import type * as z from "zod";
import { agentEvents } from "./agent.js";
import { alertEvents } from "./alert.js";
import { backupEvents } from "./backup.js";
import { checkEvents } from "./check.js";
import { commandEvents } from "./command.js";
import { configEvents } from "./config.js";
import { controllerEvents } from "./controller.js";
import { debugEvents } from "./debug.js";
import { hostEvents } from "./host.js";
import { journalEvents } from "./journal.js";
import { logEvents } from "./log.js";
import { maintenanceEvents } from "./maintenance.js";
import { serviceEvents } from "./service.js";
import { taskEvents } from "./task.js";

/** Every event there is. Adding one is one line in one file; types, decoding, docs and the fold's exhaustiveness follow. */
export const events = {
  ...agentEvents,
  ...configEvents,
  ...serviceEvents,
  ...checkEvents,
  ...alertEvents,
  ...hostEvents,
  ...logEvents,
  ...taskEvents,
  ...backupEvents,
  ...commandEvents,
  ...controllerEvents,
  ...maintenanceEvents,
  ...debugEvents,
  ...journalEvents,
};

export type EventType = keyof typeof events;
export type EventData<T extends EventType> = z.infer<(typeof events)[T]>;
export type HostEvent = { [T in EventType]: { type: T; data: EventData<T> } }[EventType];

export function isEventType(type: string): type is EventType {
  return Object.hasOwn(events, type);
}
