import * as z from "zod";

const size = z.int().describe("Bytes");

/** What a host is made of: it changes seldom. What cannot be found out is absent. */
export const inventory = z.object({
  os: z.object({
    distribution: z.string(),
    release: z.string().optional(),
    kernel: z.string().optional(),
    architecture: z.string().optional(),
  }),
  system: z.object({
    manufacturer: z.string().optional(),
    model: z.string().optional(),
    isVirtual: z.boolean().optional(),
  }),
  cpu: z.object({ model: z.string().optional(), cores: z.int(), physicalCores: z.int().optional() }),
  memory: z.object({ total: size, swap: size.optional() }),
  disks: z.array(z.object({ name: z.string(), type: z.string().optional(), size: size.optional() })),
});
export type Inventory = z.infer<typeof inventory>;

/** The host itself. What is measured of it is no event (see samples.ts). */
export const hostEvents = {
  "host.inventoried": z.object({ inventory }).describe("What the host is made of was found out, or has changed."),
};
