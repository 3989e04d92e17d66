import * as z from "zod";

/** What happens to tasks outside of the command that runs them, whose events tell the rest. */
export const taskEvents = {
  "task.interrupted": z
    .object({
      service: z.string(),
      task: z.string(),
      pids: z.array(z.int()).describe("Whoever was left of it"),
      killed: z.array(z.int()).describe("Those that had to be ended with SIGKILL; normally empty"),
      survivors: z.array(z.int()).describe("Those that even SIGKILL did not end; normally empty"),
    })
    .describe("A task that an agent had left running, because it was killed, was ended by the next one."),
};
