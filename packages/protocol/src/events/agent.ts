import * as z from "zod";

/** What happens to the agent itself. */
export const agentEvents = {
  "agent.started": z
    .object({
      agentId: z.string(),
      name: z.string(),
      version: z.string(),
      node: z.string().describe("Node.js version the agent runs on"),
      pid: z.int(),
      session: z.string().describe("New for each agent process"),
      bootId: z.string().describe("The kernel's id of this boot"),
      labels: z.record(z.string(), z.string()),
    })
    .describe("An agent process took over this host. Services it finds running are adopted, not restarted."),
  "agent.stopped": z
    .object({ reason: z.string().describe("The signal or call that ended it") })
    .describe("The agent ended in good order. The services go on running."),
  "agent.degraded": z
    .object({ part: z.string(), reason: z.string() })
    .describe("A part works only in a reduced way, for example the journal on a full disk. Supervision goes on."),
  "agent.recovered": z.object({ part: z.string() }).describe("A degraded part works fully again."),
  "agent.faulted": z
    .object({ part: z.string(), reason: z.string() })
    .describe("A part of the agent threw where it must not. Reported once for each part; the rest goes on."),
};
