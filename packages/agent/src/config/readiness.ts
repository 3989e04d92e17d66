import * as z from "zod";
import { pattern } from "./pattern.js";
import { setting } from "./setting.js";
import { span } from "./values.js";

/** A shell names no higher descriptor, and the keeper is one. */
const descriptor = z.int().min(3).max(9);

/** How a process says by itself that it is ready. */
export const readinessFields = {
  notify_fd: setting(
    descriptor.optional(),
    "File descriptor on which it writes a line when it is ready, as under s6; its service is not ready before",
    { effect: "restarts-process" },
  ),
  notify_within: setting(
    span.optional(),
    "When it has not notified this long after its start, the check `PROCESS:notified` fails until it does",
    { effect: "live" },
  ),
  marker: setting(
    z
      .strictObject({
        match: setting(pattern, "Regular expression that a line of its output matches when it has come up"),
        within: setting(span, "When no line has matched this long after its start, `service.marker-missed` tells it"),
      })
      .optional(),
    "What it is expected to write when it has come up: a hint, on which readiness does not depend",
    { effect: "live" },
  ),
};

type Readiness = { notify_fd?: number | undefined; notify_within?: number | undefined };

/** A deadline without anything that could be late is a mistake. */
export const hasWhatItWaitsFor = ({ notify_fd, notify_within }: Readiness): boolean =>
  notify_within === undefined || notify_fd !== undefined;

export const waitsForNothing = { path: ["notify_within"], error: "needs notify_fd, on which it would notify" };
