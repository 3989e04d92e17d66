import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { test } from "node:test";
import { tempDir } from "../../testing/temp-dir.js";
import { create } from "./create.js";
import { archiveFailureCode, type ArchiveProgress } from "./job.js";
import { Progress } from "./progress.js";

test("what is required and goes before it is read is missing, and there is no backup", async () => {
  using dir = tempDir();
  mkdirSync(dir.at("data"));
  mkdirSync(dir.at("backups"));
  for (const name of ["data/a", "data/needed"]) dir.write(name, name);
  const tell = ({ phase }: ArchiveProgress): void =>
    phase === "archive" ? rmSync(dir.at("data/needed"), { force: true }) : undefined;
  const made = create(
    {
      ...{ do: "create", directory: dir.at("backups"), id: "web.data.1", paths: [dir.at("data")], exclude: [] },
      ...{ required: [dir.at("data/need*")], compression: "none", recipients: [], expectedRatio: 1 },
      header: {
        ...{ service: "web", name: "data", mode: "hot", configHash: "c" },
        agent: { id: "a", name: "h", version: "1" },
      },
    },
    new Progress(tell),
    new AbortController().signal,
  );
  await assert.rejects(made, (failure: Error) => {
    assert.match(failure.message, /^Gone before it could be read is all that matches .*need\*, which is required/);
    assert.equal(archiveFailureCode(failure), "required-missing");
    return true;
  });
  assert.ok(readdirSync(dir.at("backups")).every((name) => name.endsWith(".part")));
});
