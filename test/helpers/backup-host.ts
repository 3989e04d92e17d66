import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandData, ListedBackup } from "@ostler/protocol";
import { TestAgent } from "./agent.js";
import { until } from "./until.js";

/** An agent whose service `web` has files in `state`, and a set of backups of them; `more` are other sets, each a line. */
export async function started(
  set: string,
  { processes = "command: [sleep, '1000']", more = "", isReady = true } = {},
): Promise<BackupHost> {
  const host = new BackupHost(
    TestAgent.prepare(`agent: {data_dir: ./data, backups: {min_free: 1MiB}, rules: {every: 1s}}
http: {listen: "127.0.0.1:0"}
services:
  web:
    ${processes}
    backups:
      - name: data
${set.startsWith("paths:") ? "" : "        paths: [state]\n"}${set.replace(/^/gm, "        ")}
${more.replace(/^(?=.)/gm, "      - ")}
`),
  );
  mkdirSync(host.at("state/deep/er"), { recursive: true });
  host.write("state/one", "first\n");
  host.write("state/deep/er/two", "second\n".repeat(10_000));
  symlinkSync("one", host.at("state/link"));
  await host.agent.run();
  if (isReady) await host.agent.ready("web");
  return host;
}

export class BackupHost implements AsyncDisposable {
  readonly agent: TestAgent;

  constructor(agent: TestAgent) {
    this.agent = agent;
  }

  at(path: string): string {
    return join(this.agent.directory, path);
  }

  read(path: string): string {
    return readFileSync(this.at(path), "utf8");
  }

  /** What a program writes comes soon after it is told to run. */
  async comes(path: string, text: string): Promise<void> {
    await until(() => existsSync(this.at(path)) && this.read(path) === text, `${path} has ${JSON.stringify(text)}`);
  }

  write(path: string, text: string): void {
    writeFileSync(this.at(path), text);
  }

  /** `ostler backup …`; fails as the test unless it succeeds. */
  async backup(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.agent.ostler("backup", ...args);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  async made(): Promise<CommandData<"backup.create">> {
    return JSON.parse(await this.backup("create", "data", "--json")) as CommandData<"backup.create">;
  }

  async listed(): Promise<ListedBackup[]> {
    return JSON.parse(await this.backup("list", "--json")) as ListedBackup[];
  }

  /** What `ostler backup …` says when it does not succeed. */
  async refused(...args: string[]): Promise<string> {
    const { code, stderr } = await this.agent.ostler("backup", ...args);
    assert.notEqual(code, 0);
    return stderr;
  }

  /** Everything in a directory but what a backup of it may change. */
  contents(path: string): string {
    return execFileSync(
      "sh",
      ["-c", "find . -printf '%p %y %m %s %l\n' | sort; find . -type f -exec sha256sum {} + | sort"],
      {
        cwd: this.at(path),
        encoding: "utf8",
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent[Symbol.asyncDispose]();
  }
}
