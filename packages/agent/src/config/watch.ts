import { limitAction } from "@ostler/protocol";
import * as z from "zod";
import { setting } from "./setting.js";
import { duration, name, percent, size, type Bytes } from "./values.js";

/** The kernel keeps no more of the name of a process. */
const maxChildName = 15;

const memoryWanted = "must be a size like 512MiB, or a share of the host's memory like 80%";

const memory = z
  .string(memoryWanted)
  .regex(/^\d+(\.\d+)?(B|KiB|MiB|GiB|TiB|%)$/, memoryWanted)
  .transform((text): Bytes | { percent: number } =>
    text.endsWith("%") ? { percent: percent.parse(text) } : size.parse(text),
  );

const memoryLimit = z.strictObject({
  above: setting(memory, "Resident memory, as a size or as a share of the host's memory"),
});

const cpuLimit = z.strictObject({
  above: setting(percent, "CPU time in percent of one core; 200% are two cores"),
});

const childrenLimit = z
  .strictObject({
    name: setting(
      z
        .string()
        .min(1)
        .transform((text) => Buffer.from(text).subarray(0, maxChildName).toString()),
      "What the counted processes call themselves (`ps -o comm`); of a longer name the first 15 bytes count",
    ),
    at_least: setting(z.int().min(0).optional(), "Fewer are too few"),
    at_most: setting(z.int().min(0).optional(), "More are too many"),
  })
  .refine(({ at_least = 0, at_most = Infinity }) => at_least <= at_most, "must not want more than it allows")
  .refine((limits) => limits.at_least !== undefined || limits.at_most !== undefined, "needs at_least or at_most");

const openFilesLimit = z.strictObject({ above: setting(z.int().min(0), "Open files") });

const kinds = ["memory", "cpu", "children", "open_files"] as const;

export const watchConfig = z
  .strictObject({
    name: setting(
      name.optional(),
      "Shown in events and in the state; unique in its service. What is watched, when absent",
    ),
    process: setting(name.optional(), "The process that is watched; when absent each of the service by itself"),
    memory: setting(memoryLimit.optional(), "Watches the memory of a process and everything that came from it"),
    cpu: setting(cpuLimit.optional(), "Watches its CPU time"),
    children: setting(childrenLimit.optional(), "Watches how many processes of a name came from it"),
    open_files: setting(openFilesLimit.optional(), "Watches its open files"),
    for: setting(duration.prefault("2m"), "How long it must hold without a break"),
    action: setting(
      limitAction.default("none"),
      "What is done then: `restart` backs off like a restart after a crash, `stop` stops the process for good",
    ),
  })
  .refine(
    (watch) => kinds.filter((kind) => watch[kind] !== undefined).length === 1,
    `must have exactly one of ${kinds.join(", ")}`,
  );
export type WatchConfig = z.output<typeof watchConfig>;

/** What a watch is called: its name, or what it watches. */
export function watchName({ name: given, memory, cpu, children }: WatchConfig): string {
  if (given !== undefined) return given;
  if (children) return `children-${children.name}`;
  return memory ? "memory" : cpu ? "cpu" : "open_files";
}
