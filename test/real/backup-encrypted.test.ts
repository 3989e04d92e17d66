import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { started } from "../helpers/backup-host.js";
import { needs } from "./tools.js";

test(
  "a backup whose key is missing is named as made and not verified; it costs no other, is copied nowhere, and is good again with the key",
  needs("age", "age-keygen", "tar"),
  async () => {
    const keys = mkdtempSync(join(tmpdir(), "ostler-keys-"));
    try {
      const [key, aside] = [join(keys, "key"), join(keys, "aside")];
      execFileSync("age-keygen", ["-o", key], { stdio: "ignore" });
      const recipient = execFileSync("age-keygen", ["-y", key], { encoding: "utf8" }).trim();
      await using host = await started(
        `encrypt: {recipients: [${recipient}], identity: ${key}}\nkeep: {last: 1}\ncopy_to: {dir: DIR/second, must_be_mount: false}`,
      );
      const { id: first } = await host.made();
      renameSync(key, aside);
      const said = await host.refused("create", "data");
      const [{ id, problem } = { id: "" }, before] = await host.listed();
      assert.notEqual(id, first);
      assert.ok(said.includes(`Backup ${id} was made, but could not be verified`), said);
      assert.match(said, /encrypt\.identity/);
      assert.deepEqual([problem, before?.id, before?.problem], [undefined, first, undefined]);
      assert.deepEqual(await host.agent.events("backup.damaged"), []);
      assert.equal(existsSync(host.at(`second/${id}.json`)), false);
      renameSync(aside, key);
      await host.backup("verify", "data");
      assert.equal((await host.agent.events("backup.verified")).at(-1)?.data.id, id);
    } finally {
      rmSync(keys, { recursive: true, force: true });
    }
  },
);
