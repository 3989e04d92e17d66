import assert from "node:assert/strict";
import { test } from "node:test";
import { tempDir } from "../../testing/temp-dir.js";
import { loadConfig } from "../load.js";

/** What is wrong with services that have these sources each, by where. */
function problemsOf(sources: string[], agentLog = "stderr"): string[] {
  using dir = tempDir();
  const services = sources.map((source, at) => `  s${at}: {command: [x], logs: [${source}]}`);
  const file = dir.write("o.yaml", `agent: {log: {output: ${agentLog}}}\nservices:\n${services.join("\n")}\n`);
  const loaded = loadConfig(file, {});
  return "problems" in loaded ? loaded.problems.map(({ path, message }) => `${path} ${message}`) : [];
}

const table: [what: string, sources: string[], wrong: RegExp | undefined, agentLog?: string][] = [
  ["a file of its own", ["{file: a.log, forward: {file: b.log}}"], undefined],
  ["the file that it follows", ["{file: a.log, forward: {file: ./a.log}}"], /^services.s0.logs.0.forward.file .*round/],
  ["a file that its glob matches", ["{file: '*/[a-c].log', forward: {file: x/b.log}}"], /round/],
  ["a file that its glob matches, in any directory", ["{file: 'x/**/*.log', forward: {file: x/y/z/b.log}}"], /round/],
  ["a file beside those of its glob", ["{file: '*.log', forward: {file: x/b.log}}"], undefined],
  ["a file that is in its glob when it is renamed", ["{file: '*.1', forward: {file: b.log}}"], /round/],
  ["a rotated file of the one it follows", ["{file: a.log, forward: {file: a.log.1}}"], /round/],
  ["a file that is followed, and forwarded on", ["{forward: {file: b.log}}", "{file: b.log}"], undefined],
  [
    "a file that is forwarded back",
    ["{file: a.log, forward: {file: b.log}}", "{file: b.log, forward: {file: a.log}}"],
    /^services.s0.*round/,
  ],
  ["one file of two", ["{forward: {file: b.log}}", "{forward: {file: b.log}}"], /^services.s1.*s0\/output/],
  ["a file that another one is renamed to", ["{forward: {file: b}}", "{forward: {file: b.2}}"], /^services.s1.*own/],
  ["the agent's log by its name", ["{forward: {file: agent.log}}"], /agent_log/, "agent.log"],
  ["the agent's log", ["{file: a.log, forward: {agent_log: true}}", "{forward: {agent_log: true}}"], undefined],
  ["the agent's log, which it follows", ["{file: '*.log', forward: {agent_log: true}}"], /round/, "agent.log"],
  ["the journal of the agent, which it reads", ["{journal: ostler, forward: {agent_log: true}}"], /agent_log .*round/],
  ["the journal of the agent", ["{journal: db, forward: {agent_log: true}}"], undefined],
];

for (const [what, sources, wrong, agentLog] of table)
  test(`lines that go into ${what} are ${wrong ? "refused" : "welcome"}`, () => {
    const problems = problemsOf(sources, agentLog);
    if (!wrong) return assert.deepEqual(problems, []);
    assert.match(problems[0] ?? "none", wrong);
  });
