import * as z from "zod";
import { actor } from "./command.js";

const scope = { service: z.string().optional().describe("The whole host when absent") };

/** Times in which people work on a service or on the whole host. */
export const maintenanceEvents = {
  "maintenance.began": z
    .object({ ...scope, forMs: z.int().min(0), actor, reason: z.string() })
    .describe("Maintenance began, or one that was on got another end. Until then nothing is restarted by itself."),
  "maintenance.ended": z
    .object({
      ...scope,
      because: z.enum(["expired", "ended"]).describe("Its time was over, or somebody ended it"),
      actor: actor.optional().describe("Who ended it"),
    })
    .describe("Maintenance is over, and everything is restarted by itself again."),
};
