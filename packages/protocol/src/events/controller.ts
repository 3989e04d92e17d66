import * as z from "zod";

const ofController = { controller: z.string(), direction: z.enum(["inbound", "outbound"]) };

/** Connections to controllers. */
export const controllerEvents = {
  "controller.connected": z
    .object({ ...ofController, session: z.string(), peer: z.string().describe("Name the controller gave itself") })
    .describe("A controller was welcomed."),
  "controller.disconnected": z
    .object({ ...ofController, code: z.int().describe("WebSocket close code"), reason: z.string() })
    .describe("A welcomed connection ended."),
  "controller.unreachable": z
    .object({ controller: z.string(), reason: z.string() })
    .describe("A configured controller cannot be reached. Reported when the reason changes; attempts go on for ever."),
  "controller.faulted": z
    .object({ ...ofController, code: z.string(), message: z.string() })
    .describe("A controller broke the protocol. Reported once for each code and connection."),
};
