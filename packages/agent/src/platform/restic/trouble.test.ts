import assert from "node:assert/strict";
import { test } from "node:test";
import { resticFailure, resticTroubleOf } from "./trouble.js";

/** The kind of a failure and what is told of it. */
function told(code: number | null, ...said: string[]): string {
  const failure = resticFailure("list", { code, killedBy: code === null ? "SIGKILL" : null, said });
  return `${resticTroubleOf(failure)}: ${failure.message}`;
}

test("what restic 0.14 says by words alone is told by its kind", () => {
  assert.equal(
    told(1, "Fatal: wrong password or no key found"),
    "wrong-password: restic could not list: wrong password or no key found. Look at `password_file`.",
  );
  assert.equal(
    told(
      1,
      "Fatal: unable to open config file: stat /r/config: no such file or directory",
      "Is there a repository at the following location?",
      "the repository",
    ),
    "no-repository: restic could not list: unable to open config file: stat /r/config: no such file or directory. Look at `repository`, or set `init: true` to have it made.",
  );
  assert.equal(
    told(
      1,
      "unable to create lock in backend: repository is already locked by PID 7 on vm by root (UID 0, GID 0)",
      "lock was created at 2026",
      "the `unlock` command can be used to remove stale locks",
    ),
    "locked: restic could not list: unable to create lock in backend: repository is already locked by PID 7 on vm by root (UID 0, GID 0). Try again when the other is done.",
  );
  assert.match(
    told(1, "error: pack 1 failed", "Fatal: repository contains errors"),
    /^damaged: .*: repository contains errors \(error: pack 1 failed\)\. See/,
  );
});

test("damage is told with the first part that is damaged, and is none where it could not be fetched", () => {
  const fatal = "Fatal: repository contains errors";
  assert.match(
    told(1, "read all data", "pack 12 failed: hash mismatch", "pack 13 failed", fatal),
    /^damaged: restic could not list: repository contains errors \(pack 12 failed: hash mismatch\)\. See/,
  );
  assert.equal(
    told(1, "pack 12 failed to download: dial tcp 10.0.0.1:80: connect: connection refused", fatal),
    "failed: restic could not list: pack 12 failed to download: dial tcp 10.0.0.1:80: connect: connection refused.",
  );
});

test("a repository that cannot be reached is not taken for one that is not there", () => {
  assert.match(
    told(
      1,
      "Fatal: unable to open config file: dial tcp 127.0.0.1:1: connect: connection refused",
      "Is there a repository at the following location?",
    ),
    /^failed: .*connection refused\.$/,
  );
});

test("newer versions tell by their exit codes, and in JSON", () => {
  assert.match(
    told(10, '{"message_type":"exit_error","code":10,"message":"Fatal: repository does not exist"}'),
    /^no-repository: restic could not list: repository does not exist\./,
  );
  assert.match(told(11), /^locked: restic could not list: it ended with 11\./);
  assert.match(told(12), /^wrong-password: /);
});

test("of any other failure the fatal complaint is told, else the last, else how it ended", () => {
  assert.equal(told(1, "Fatal: the disk is full", "more"), "failed: restic could not list: the disk is full.");
  assert.equal(told(1, "one", "two", ""), "failed: restic could not list: two.");
  assert.equal(told(3), "failed: restic could not list: some of it could not be read.");
  assert.equal(told(7), "failed: restic could not list: it ended with 7.");
  assert.equal(told(null, "one"), "failed: restic could not list: it was ended by SIGKILL.");
});
