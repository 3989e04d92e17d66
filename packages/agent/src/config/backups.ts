import * as z from "zod";
import type { AttachConfig } from "./attach.js";
import { cronConfig } from "./cron.js";
import { setting } from "./setting.js";
import { command, duration, environment, name, size, span } from "./values.js";

const paths = z.array(z.string().min(1));

/** A program that a backup runs. */
const hook = z.strictObject({
  command: setting(command, "Program and arguments; no shell. Exit code 0 is success"),
  env: setting(environment.default({}), "Added to the environment of a task of the service", { secret: "by-name" }),
  cwd: setting(
    z.string().min(1).optional(),
    "Working directory, relative to the configuration file; that of the service when absent",
  ),
  timeout: setting(span.prefault("5m"), "After this time it gets SIGTERM, and after 5s more SIGKILL"),
});
export type BackupHook = z.output<typeof hook>;

const count = z.int().min(0).max(10_000);

const keepConfig = z.strictObject({
  last: setting(count.default(0), "So many of the newest"),
  hourly: setting(count.default(0), "The newest of each of so many hours that have one"),
  daily: setting(count.default(0), "The newest of each of so many days"),
  weekly: setting(count.default(0), "The newest of each of so many weeks"),
  monthly: setting(count.default(0), "The newest of each of so many months"),
  yearly: setting(count.default(0), "The newest of each of so many years"),
});
export type KeepConfig = z.output<typeof keepConfig>;

const verifyConfig = z.strictObject({
  after: setting(z.boolean().default(true), "Read each backup back when it was made"),
  schedule: setting(cronConfig.optional(), "When the newest is read back besides"),
});

const drillConfig = z.strictObject({
  schedule: setting(cronConfig.optional(), "When; only by command when absent"),
  check: setting(
    hook.optional(),
    "What proves that the restored files are of use; it is run in the directory, which it also has as OSTLER_DRILL_DIR",
  ),
  max_age: setting(
    duration.optional(),
    "An alert is raised when the last proven restore is older than this, or there was none",
  ),
});

const encryptConfig = z.strictObject({
  recipients: setting(
    z
      .array(
        z
          .string()
          .regex(/^(age1[a-z0-9]+|ssh-(ed25519|rsa) .+)$/, "must be a recipient of age: age1…, or ssh-ed25519 …"),
      )
      .min(1),
    "Public keys of age; whoever has the secret key of one of them can read the backups",
  ),
  identity: setting(
    z.string().min(1).optional(),
    "File with a secret key of age, for verifying, drills and restores; without it only the archive as such is verified",
  ),
});

const copyConfig = z.strictObject({
  dir: setting(z.string().min(1), "The directory, on another disk"),
  must_be_mount: setting(
    z.boolean().default(true),
    "Refuse when nothing is mounted there or above it: else the copy would be on the disk that it is to outlive",
  ),
});
export type CopyConfig = z.output<typeof copyConfig>;

const resticConfig = z.strictObject({
  repository: setting(z.string().min(1), "As `restic -r` takes it", { secret: true }),
  password_file: setting(z.string().min(1), "File with the password of the repository"),
  env: setting(environment.default({}), "For the repository, such as AWS_ACCESS_KEY_ID", { secret: true }),
  host: setting(
    z.string().min(1).max(255).optional(),
    "Name of the host in the snapshots; that of this host when absent. On another machine, the name of the old one shows and restores its backups",
  ),
  init: setting(z.boolean().default(false), "Make the repository where there is none"),
  check_subset: setting(
    z.int().min(1).max(256).default(10),
    "So many verifications read all of the repository, each another part",
  ),
});

/** Each of these is worth no more than the one that it is made of. */
export const backupConfig = z
  .strictObject({
    name: setting(name, "Name of the set; unique in its service"),
    paths: setting(
      paths.min(1),
      "Files and directories, with all that is in them, relative to the configuration file; `*`, `?` and `**` stand for others",
    ),
    exclude: setting(
      paths.default([]),
      "What is left out, written in the same way; a directory with all that is in it",
    ),
    required: setting(paths.default([]), "What must be there: without one of these there is no backup but a failure"),
    schedule: setting(
      cronConfig.optional(),
      "When; only by command when absent. Missed times are made up for by `missed: run`",
    ),
    mode: setting(
      z.enum(["hot", "cold"]).default("hot"),
      "`cold`: the service is stopped while it is read, and started again whatever happens",
    ),
    before: setting(
      hook.optional(),
      "What is run before files are read, to bring them to rest, such as BGSAVE of Redis",
    ),
    after: setting(hook.optional(), "What undoes `before`; run whatever happens, if need be by the next agent"),
    timeout: setting(span.prefault("6h"), "Making, verifying, restoring or removing that takes longer is given up"),
    compress: setting(
      z.enum(["auto", "zstd", "gzip", "none"]).default("auto"),
      "`auto`: zstd where the host has it, else gzip",
    ),
    encrypt: setting(encryptConfig.optional(), "For whom archives are encrypted, by age"),
    keep: setting(
      keepConfig.prefault({ last: 3, daily: 7, weekly: 4, monthly: 6 }),
      "What is kept, by the rules of restic; with nothing in it, everything",
    ),
    max_age: setting(
      duration.optional(),
      "An alert is raised when the last backup is older than this, or there was none",
    ),
    verify: setting(verifyConfig.prefault({}), "When backups are read back and compared"),
    drill: setting(
      drillConfig.optional(),
      "When a backup is restored into a directory of its own, to prove that it can be",
    ),
    copy_to: setting(copyConfig.optional(), "A second directory that each backup is copied to"),
    engine: setting(
      z.enum(["archive", "restic"]).default("archive"),
      "Archives of the agent's own, or a repository of restic",
    ),
    restic: setting(resticConfig.optional(), "The repository, for `engine: restic`"),
  })
  .superRefine(({ engine, restic, encrypt, copy_to, compress, after, before, ...times }, context) => {
    const refuse = (path: string, message: string): void =>
      context.addIssue({ code: "custom", path: path.split("."), message });
    const schedules = {
      schedule: times.schedule,
      "verify.schedule": times.verify.schedule,
      "drill.schedule": times.drill?.schedule,
    };
    for (const [path, schedule] of Object.entries(schedules))
      if (schedule?.overlap === "replace")
        refuse(`${path}.overlap`, "cannot be `replace`: what is done with backups is not stopped half way");
    if (engine === "restic" && !restic) refuse("restic", "is needed for `engine: restic`");
    if (engine === "archive" && restic) refuse("restic", "is only for `engine: restic`");
    if (engine === "restic" && encrypt) refuse("encrypt", "is not for restic, which encrypts by itself");
    if (engine === "restic" && copy_to) refuse("copy_to", "is not for restic: use `restic copy`, or a second set");
    if (engine === "restic" && compress !== "auto") refuse("compress", "is not for restic, which decides by itself");
    if (after && !before) refuse("after", "undoes `before`, and there is none");
  });
export type BackupConfig = z.output<typeof backupConfig>;

export const backupSets = z.array(backupConfig).superRefine((sets, context) => {
  const names = sets.map((set) => set.name);
  for (const at of sets.keys())
    if (names.indexOf(names[at] ?? "") !== at)
      context.addIssue({ code: "custom", path: [at, "name"], message: "is used by another set of the service" });
});

/** Settings for the backups of all services. */
export const backupsConfig = z.strictObject({
  dir: setting(z.string().min(1).optional(), "Where archives are kept; `backups` in `data_dir` when absent"),
  max_size: setting(
    size.prefault("50GiB"),
    "All archives of the host together may occupy so much; a backup that would exceed it is refused",
  ),
  min_free: setting(
    size.prefault("512MiB"),
    "What must be left free on the disk when a backup was made, and on that of drills",
  ),
});

/** Relative paths are relative to the configuration file. */
export function placedBackups(sets: readonly BackupConfig[], absolute: (path: string) => string): BackupConfig[] {
  const hooked = (its: BackupHook): BackupHook => (its.cwd === undefined ? its : { ...its, cwd: absolute(its.cwd) });
  return sets.map((set) => {
    const { before, after, drill, encrypt, copy_to: copy, restic } = set;
    return {
      ...set,
      paths: set.paths.map(absolute),
      exclude: set.exclude.map(absolute),
      required: set.required.map(absolute),
      ...(before ? { before: hooked(before) } : {}),
      ...(after ? { after: hooked(after) } : {}),
      ...(drill ? { drill: { ...drill, ...(drill.check ? { check: hooked(drill.check) } : {}) } } : {}),
      ...(encrypt?.identity === undefined ? {} : { encrypt: { ...encrypt, identity: absolute(encrypt.identity) } }),
      ...(copy ? { copy_to: { ...copy, dir: absolute(copy.dir) } } : {}),
      ...(restic ? { restic: { ...restic, password_file: absolute(restic.password_file) } } : {}),
    };
  });
}

/** Who leaves its pid in a file is stopped and started by commands of its own. */
export function refuseUnfitBackups(
  { attach, backups }: { attach?: AttachConfig | undefined; backups: BackupConfig[] },
  context: z.RefinementCtx,
): void {
  if (!Array.isArray(backups)) return; // Something in it is wrong by itself, and was told.
  for (const [at, { mode }] of backups.entries())
    if (mode === "cold" && attach?.pid_file !== undefined && !(attach.start && attach.stop))
      context.addIssue({
        code: "custom",
        path: ["backups", at, "mode"],
        message: "needs a service that can be stopped and started here: say how in `attach.stop` and `attach.start`",
      });
}
