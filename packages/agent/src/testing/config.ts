import assert from "node:assert/strict";
import { tempDir } from "./temp-dir.js";
import { loadConfig, type Loaded } from "../config/load.js";

/** Loads a text as the configuration file of a directory that is gone afterwards. It must be valid. */
export function loaded(text: string, env: NodeJS.ProcessEnv = {}): Loaded {
  using dir = tempDir();
  const result = loadConfig(dir.write("ostler.yaml", text), env);
  if ("problems" in result) assert.fail(result.problems.map(({ line, message }) => `${line}: ${message}`).join("\n"));
  return result;
}

/** The problems of a text, each as `line:column path: message`; empty when it has none. */
export function problemsOf(text: string | Uint8Array, env: NodeJS.ProcessEnv = {}): string[] {
  using dir = tempDir();
  const file = dir.write("ostler.yaml", text);
  const result = loadConfig(file, env);
  if (!("problems" in result)) return [];
  return result.problems.map((problem) => {
    assert.equal(problem.file, file);
    return `${problem.line}:${problem.column} ${problem.path}: ${problem.message}`;
  });
}
