import assert from "node:assert/strict";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

function configOf(...files: string[]): string {
  return `agent: {data_dir: ./data}
http: {listen: "127.0.0.1:0"}
services:
  web:
    command: [sleep, "1000"]
    logs:
      - name: all
        file: [${files.map((file) => `DIR/${file}`).join(", ")}]
        from: end
        patterns: [{name: one, match: one, limit: {events: 10000, per: 1s}}]
`;
}

test("a file that is added to a source is begun at its end, and what comes while no agent runs is not missed", async () => {
  await using agent = TestAgent.prepare(configOf("a.log"));
  const at = (name: string): string => join(agent.directory, name);
  const lines = async (): Promise<string[]> =>
    (await agent.events("pattern.matched")).map(({ data }) => String(data.line));
  /** Writes until it is seen that what is written comes. */
  const writeUntilSeen = (name: string, line: string): Promise<boolean> =>
    until(async () => {
      appendFileSync(at(name), `${line}\n`);
      return (await lines()).includes(line);
    }, `${line} has come`);
  writeFileSync(at("a.log"), "old one of a\n");
  writeFileSync(at("b.log"), "old one of b\n");
  await agent.run();
  await agent.ready("web");
  await writeUntilSeen("a.log", "one of a");
  agent.configure(configOf("a.log", "b.log"));
  assert.equal((await agent.ostler("reload")).code, 0);
  await writeUntilSeen("b.log", "one of b");
  await agent.end();
  appendFileSync(at("b.log"), "one more of b\n");
  await agent.run();
  await until(async () => (await lines()).includes("one more of b"), "what was written meanwhile has come");
  assert.deepEqual(
    (await lines()).filter((line) => line.startsWith("old")),
    [],
  );
});
