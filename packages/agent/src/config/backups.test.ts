import assert from "node:assert/strict";
import { test } from "node:test";
import type * as z from "zod";
import { backupConfig, backupSets, placedBackups } from "./backups.js";
import { serviceConfig } from "./services.js";

const set = { name: "data", paths: ["/srv/shop"] };
const restic = { repository: "/srv/repository", password_file: "/etc/restic" };

/** Where each problem is, and what. */
const problemsIn = (error: z.ZodError | undefined): string =>
  error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("\n") ?? "nothing is wrong";

const refused: [string, object, RegExp][] = [
  ["no paths", { paths: [] }, /^paths: /],
  ["`engine: restic` without a repository", { engine: "restic" }, /^restic: is needed for `engine: restic`$/],
  ["a repository that nobody uses", { restic }, /^restic: is only for `engine: restic`$/],
  [
    "age beside restic",
    { engine: "restic", restic, encrypt: { recipients: ["age1qq"] } },
    /^encrypt: is not for restic/,
  ],
  ["a copy beside restic", { engine: "restic", restic, copy_to: { dir: "/mnt" } }, /^copy_to: .*restic copy/],
  ["compression beside restic", { engine: "restic", restic, compress: "gzip" }, /^compress: is not for restic/],
  ["`after` without `before`", { after: { command: ["true"] } }, /^after: undoes `before`, and there is none$/],
  [
    "what is no recipient",
    { encrypt: { recipients: ["AGE-SECRET-KEY-1"] } },
    /^encrypt\.recipients\.0: must be a recipient of age/,
  ],
  ...(["schedule", "verify", "drill"] as const).map((key): [string, object, RegExp] => {
    const schedule = { at: "0 3 * * *", overlap: "replace" };
    const more = key === "schedule" ? { schedule } : { [key]: { schedule } };
    const path = key === "schedule" ? "schedule" : `${key}\\.schedule`;
    return [`\`replace\` in ${path}`, more, new RegExp(`^${path}\\.overlap: cannot be \`replace\``)];
  }),
];

for (const [what, more, expected] of refused)
  test(`${what} is refused`, () => {
    const { error } = backupConfig.safeParse({ ...set, ...more });
    assert.match(problemsIn(error), expected);
  });

test("two sets of a service have two names", () => {
  const { error } = backupSets.safeParse([set, set]);
  assert.match(problemsIn(error), /name: is used by another set of the service/);
});

test("a cold backup needs a service that can be stopped and started here", () => {
  const service = { attach: { pid_file: "/run/shop.pid" }, backups: [{ ...set, mode: "cold" }] };
  const { error } = serviceConfig.safeParse(service);
  assert.match(problemsIn(error), /backups\.0\.mode: needs a service that can be stopped/);
});

test("relative paths are relative to the configuration file, wherever they stand", () => {
  const parsed = backupConfig.parse({
    ...set,
    ...{ paths: ["data"], exclude: ["data/cache"], required: ["data/key"] },
    before: { command: ["true"], cwd: "scripts" },
    drill: { check: { command: ["true"], cwd: "scripts" } },
    encrypt: { recipients: ["age1qq"], identity: "key" },
    copy_to: { dir: "second" },
  });
  const [its] = placedBackups([parsed], (path) => `/etc/ostler/${path}`);
  assert.deepEqual(
    [
      its?.paths,
      its?.exclude,
      its?.required,
      its?.before?.cwd,
      its?.drill?.check?.cwd,
      its?.encrypt?.identity,
      its?.copy_to?.dir,
    ],
    [
      ["/etc/ostler/data"],
      ["/etc/ostler/data/cache"],
      ["/etc/ostler/data/key"],
      "/etc/ostler/scripts",
      "/etc/ostler/scripts",
      "/etc/ostler/key",
      "/etc/ostler/second",
    ],
  );
});
