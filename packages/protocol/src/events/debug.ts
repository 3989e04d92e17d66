import * as z from "zod";
import { actor } from "./command.js";

const service = z.string();

/** Times in which a service runs with the environment of its `debug`. */
export const debugEvents = {
  "debug.began": z
    .object({ service, forMs: z.int().min(0), actor, reason: z.string() })
    .describe("A service runs with the environment of its `debug` from now on, or is to do so until another time."),
  "debug.expired": z
    .object({ service })
    .describe("The time is over in which a service was to run with the environment of its `debug`."),
  "debug.ended": z
    .object({ service, actor })
    .describe("A service runs with its usual environment again, from its next start on, which follows at once."),
};
