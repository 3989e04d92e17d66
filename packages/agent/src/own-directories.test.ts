import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { backupConfig } from "./config/backups.js";
import type { Config } from "./config/schema.js";
import { ownDirectories } from "./own-directories.js";

const store = {
  runDir: "/run/o",
  spools: "/d/output",
  backupRecords: "/d/r",
  drills: "/d/drills",
  restic: "/d/restic",
};

test("backups and what they need are left out of backups, and no other directory of the agent", () => {
  const written = `
- {name: a, paths: [/a], copy_to: {dir: /mnt/copies}}
- {name: b, paths: [/a], engine: restic, restic: {repository: /mnt/repository, password_file: /p}}
- {name: c, paths: [/a], engine: restic, restic: {repository: "local:/mnt/other", password_file: /p}}
- {name: d, paths: [/a], engine: restic, restic: {repository: "sftp:host:/srv/repository", password_file: /p}}
`;
  const backups = (parse(written) as unknown[]).map((set) => backupConfig.parse(set));
  const agent = { data_dir: "/d", backups: {} };
  const own = ownDirectories({ agent, services: { web: { backups } } } as unknown as Config, store);
  const told = (isOfBackups: boolean): string[] =>
    own.filter((one) => one.isOfBackups === isOfBackups).map((one) => `${one.path}${one.isOursAlone ? "" : " shared"}`);
  assert.deepEqual(told(true).sort(), [
    ...["/d/backups", "/d/drills", "/d/restic", "/mnt/copies shared", "/mnt/other", "/mnt/repository"],
  ]);
  assert.deepEqual(told(false).sort(), ["/d shared", "/d/journal", "/d/output", "/d/r", "/run/o shared"]);
});
