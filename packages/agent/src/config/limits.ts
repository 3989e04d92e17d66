import * as z from "zod";
import { setting } from "./setting.js";
import { duration, size } from "./values.js";

const effect = "restarts-process";

const maxId = 0xff_ff_ff_fe;

const accountWanted = "must be a name or a number";
const countWanted = 'must be a whole number, or "unlimited"';
const bytesWanted = 'must be a size like 64MiB, bytes, or "unlimited"';
const secondsWanted = 'must be a duration of at least 1s, a number of seconds, or "unlimited"';
const cpuWanted = "must be a number of CPUs, at least 0.01";
const umaskWanted = "must be octal and in quotes, like '0027'";

/** A name of the host's database, or a number; a number may be one that the database does not have. */
const account = z
  .union([z.string(), z.number(accountWanted)], accountWanted)
  .transform(String)
  .refine((text) => (/^\d+$/.test(text) ? Number(text) <= maxId : /^[^-:\s\0][^:\n\0]*$/.test(text)), accountWanted);

const count = z.union([z.int(countWanted).min(0, countWanted), z.literal("unlimited", countWanted)], countWanted);
const bytes = z.union([z.int(bytesWanted).min(0, bytesWanted), size, z.literal("unlimited", bytesWanted)], bytesWanted);

/** In seconds, as the kernel counts them. */
const seconds = z.union(
  [
    z.int(secondsWanted).min(1, secondsWanted),
    duration.refine((ms) => ms >= 1000, secondsWanted).transform((ms) => Math.ceil(ms / 1000)),
    z.literal("unlimited", secondsWanted),
  ],
  secondsWanted,
);

export const limitsConfig = z.strictObject({
  open_files: setting(count.optional(), "Files and sockets that one process may have open"),
  processes: setting(
    count.optional(),
    "Processes and threads of its user, all services together; root has no such limit",
  ),
  core: setting(bytes.optional(), "Size of a core file; 0 for none"),
  file_size: setting(bytes.optional(), "Size to which it may write a file; beyond it gets SIGXFSZ"),
  address_space: setting(bytes.optional(), "Virtual memory of one process"),
  cpu_time: setting(seconds.optional(), "CPU time of one process, in seconds or as a duration; then it gets SIGXCPU"),
  locked_memory: setting(bytes.optional(), "Memory that it may keep from being swapped"),
  stack: setting(bytes.optional(), "Stack of its first thread"),
  memory: setting(
    z
      .union([z.int(bytesWanted).min(1, bytesWanted), size, z.literal("unlimited", bytesWanted)], bytesWanted)
      .optional(),
    "Memory of the process and all that comes from it together, by control groups of version 2",
  ),
  cpu: setting(
    z.number(cpuWanted).min(0.01, cpuWanted).optional(),
    "CPUs that the process and all that comes from it may keep busy together, like 0.5 or 2, by control groups of version 2",
  ),
});
export type LimitsConfig = z.output<typeof limitsConfig>;

/** What a process may do on the host. What is absent is as the agent has it. */
export const limitFields = {
  user: setting(account.optional(), "User it runs as, by name or number; HOME, USER, LOGNAME and SHELL follow it", {
    effect,
  }),
  group: setting(account.optional(), "Group it runs as; that of the user when absent", { effect }),
  groups: setting(z.array(account).optional(), "Further groups, instead of those that the user is in", { effect }),
  umask: setting(
    z
      .string(umaskWanted)
      .regex(/^0?[0-7]{3}$/, umaskWanted)
      .optional(),
    "Permissions that files it creates do not get",
    { effect },
  ),
  nice: setting(
    z.int().min(-20).max(19).optional(),
    "-20 (takes the CPU before others) to 19 (leaves it to the others)",
    { effect },
  ),
  no_new_privileges: setting(z.boolean().optional(), "Neither setuid programs nor file capabilities give it more", {
    effect,
  }),
  limits: setting(limitsConfig.optional(), "What the kernel keeps it from using more of; each limit is soft and hard", {
    effect,
  }),
};
