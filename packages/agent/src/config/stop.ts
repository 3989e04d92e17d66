import { constants } from "node:os";
import * as z from "zod";
import { setting } from "./setting.js";
import { duration } from "./values.js";

export const signalName = z
  .string()
  .refine((text) => Object.hasOwn(constants.signals, text), "must be a signal name like SIGTERM");

const escalationStep = z.strictObject({
  signal: setting(
    signalName.refine((name) => name !== "SIGKILL", "is sent at `timeout` by itself"),
    "Sent to whoever is left then",
  ),
  after: setting(duration, "So long after the first signal"),
});

export const stopConfig = z
  .strictObject({
    signal: setting(signalName.default("SIGTERM"), "Sent to the process group"),
    escalation: setting(z.array(escalationStep).default([]), "What is sent in between, when it has not ended yet"),
    timeout: setting(duration.prefault("10s"), "After this time whoever is left gets SIGKILL"),
  })
  .superRefine(({ escalation, timeout }, context) => {
    for (const [at, { after }] of escalation.entries()) {
      const refuse = (message: string): void =>
        context.addIssue({ code: "custom", path: ["escalation", at, "after"], message });
      if (after <= (escalation[at - 1]?.after ?? 0)) refuse("must be later than the signal before it");
      if (after >= timeout)
        refuse(`must be less than the timeout, ${timeout} ms, after which whoever is left is killed`);
    }
  });
export type StopConfig = z.output<typeof stopConfig>;
