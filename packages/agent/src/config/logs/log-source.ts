import { basename } from "node:path";
import * as z from "zod";
import { pattern } from "../pattern.js";
import { lineFormat } from "../line-format.js";
import { setting } from "../setting.js";
import { name, size, span } from "../values.js";
import { forwardConfig } from "./forward.js";
import { logPattern } from "./log-pattern.js";

type Output = { process?: string | undefined; stream?: "stdout" | "stderr" | undefined };

const output = z.union(
  [
    z.literal(true).transform((): Output => ({})),
    z.strictObject({
      process: setting(name.optional(), "The process, with all its instances; every process when absent"),
      stream: setting(z.enum(["stdout", "stderr"]).optional(), "The stream; both when absent"),
    }),
  ],
  "must be true, or have process or stream",
);

const files = z.union(
  [
    z
      .string()
      .min(1)
      .transform((one) => [one]),
    z.array(z.string().min(1)).min(1).max(100),
  ],
  "must be a path or a list of paths",
);

const multiline = z
  .strictObject({
    start: setting(pattern.optional(), "A line that matches begins a record; what does not belongs to the one before"),
    continued: setting(pattern.optional(), "A line that matches belongs to the record before"),
  })
  .refine(
    ({ start, continued }) => (start === undefined) !== (continued === undefined),
    "must have either start or continued",
  );

const volume = z
  .strictObject({
    lines_per_second: setting(z.number().positive().optional(), "More lines raise an alert"),
    bytes_per_second: setting(size.optional(), "More bytes raise an alert"),
    for: setting(span.prefault("5m"), "Measured over this time"),
  })
  .refine((one) => one.lines_per_second !== undefined || one.bytes_per_second !== undefined, {
    message: "needs lines_per_second or bytes_per_second",
  });

const kinds = ["stdout", "file", "journal"] as const;

const source = z
  .strictObject({
    name: setting(
      name.optional(),
      "Shown in events, metrics and `ostler logs`; unique in its service. `output`, `journal`, or the name of the file, when absent",
    ),
    stdout: setting(
      output.optional(),
      "What the processes write to stdout and stderr; so it is as well when none of stdout, file and journal is given",
    ),
    file: setting(
      files.optional(),
      "A file, or a list of them, with `*`, `?`, `[...]` and `**` for many; followed through every kind of rotation",
    ),
    journal: setting(
      z.union([z.literal(true), z.string().min(1).max(256)], "must be true or the name of a unit").optional(),
      "systemd's journal of a unit; `true` for that of an attached one",
    ),
    format: setting(lineFormat, "How the lines are written; found out for each line, when absent"),
    from: setting(
      z.enum(["end", "beginning"]).default("end"),
      "Where a file, or the journal, is begun that was there before the agent first saw it; a file that appears later is read from its beginning",
    ),
    multiline: setting(multiline.optional(), "Makes one record of several lines, like those of a stack trace"),
    forward: setting(forwardConfig.optional(), "Where the lines go as well"),
    volume: setting(volume.optional(), "How much it may be: debug logging that was left on is noticed by it"),
    patterns: setting(z.array(logPattern).max(200, "takes 200 at most").default([]), "What is looked for in each line"),
  })
  .refine((its) => kinds.filter((kind) => its[kind] !== undefined).length <= 1, `must have one of ${kinds.join(", ")}`);

type Written = z.output<typeof source>;
export type LogSource = Omit<Written, "name"> & { name: string };

/** The sources of lines of a service; each has a name. */
export const logSources = z
  .array(source)
  .transform((all): LogSource[] => all.map((its) => ({ ...its, name: its.name ?? nameOf(its) })))
  .superRefine((all, context) => {
    const names = all.map((its) => its.name);
    const patterns = all.map((its) => its.patterns.map((one) => one.name));
    for (const [at, its] of names.entries()) {
      if (names.indexOf(its) !== at)
        context.addIssue({
          code: "custom",
          path: [at],
          message: `has the name of another source of the service, "${its}": give it a name`,
        });
      const before = patterns.slice(0, at).flat();
      for (const [index, one] of (patterns[at] ?? []).entries())
        if (before.includes(one) || patterns[at]?.indexOf(one) !== index)
          context.addIssue({
            code: "custom",
            path: [at, "patterns", index, "name"],
            message: "is used by another pattern of the service",
          });
    }
  });

/** The same with absolute paths of files. */
export function placedLogs(all: readonly LogSource[], absolute: (path: string) => string): LogSource[] {
  return all.map(({ file, forward, ...rest }) => ({
    ...rest,
    ...(file ? { file: file.map(absolute) } : {}),
    ...(forward
      ? { forward: forward.file === undefined ? forward : { ...forward, file: absolute(forward.file) } }
      : {}),
  }));
}

/** A name that is made of a path has of it what a name can have. */
function nameOf({ file, journal }: Written): string {
  if (journal !== undefined) return "journal";
  if (!file) return "output";
  const made = basename(file[0] ?? "")
    .replaceAll(/[^A-Za-z0-9_-]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 63);
  return name.safeParse(made).success ? made : "file";
}
