import { readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { messageOf } from "@ostler/protocol";
import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  Lexer,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Scalar,
} from "yaml";
import type { Problem } from "./problems.js";
import type { Key } from "./schema-walk.js";
import { substitute } from "./substitute.js";

/** A configuration file that is YAML: its values with variables filled in, and where each stands. */
export type ConfigDocument = {
  value: unknown;
  /** Values that came from `${file:…}` and `${cred:…}`. */
  secrets: string[];
  /** Variables that could not be filled in; their places still hold the text of the file. */
  unset: Problem[];
  /** Where a value, or its key, stands in the file; for what is absent, the nearest thing around it. */
  placeOf(path: readonly Key[], atKey: boolean): { line: number; column: number };
};

/** Larger files are a mistake, and parsing them would keep the agent from its work. */
export const maxFileBytes = 1024 * 1024;

/** Each alias repeats what it names; more of it than this is an attack or an accident. */
const maxAliases = 100;

/** The parser follows deeper nesting until the stack, and with it the agent, is gone. */
const maxDepth = 100;

/** Reads and parses; either the document or all the problems that keep it from being one. */
export function readDocument(file: string, env: NodeJS.ProcessEnv): ConfigDocument | Problem[] {
  const at = (line: number, column: number, message: string, path = ""): Problem => ({
    file,
    line,
    column,
    path,
    message,
  });
  const text = readText(file);
  if (typeof text !== "string") return [at(1, 1, text.problem)];
  if (isTooDeep(text)) return [at(1, 1, `is nested more than ${maxDepth} levels deep`)];
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const problems = document.errors.map((error) => {
    const { line, column } = place(error.pos[0]);
    return at(line, column, `is not valid YAML: ${error.message}`);
  });
  if (problems.length > 0) return firstOfEachLine(problems);
  if (document.contents === null) return [at(1, 1, "is empty; see examples/quickstart.yaml for a beginning")];
  if (!isMap(document.contents)) return [at(1, 1, "must be a mapping of settings")];
  const filled = fillVariables(document, env, dirname(file));
  const unset = filled.unset.map(({ scalar, message }) => {
    const { line, column } = place(scalar.range?.[0] ?? 0);
    return at(line, column, message);
  });
  try {
    const value: unknown = document.toJS({ maxAliasCount: maxAliases });
    return { value, secrets: filled.secrets, unset, placeOf: (path, atKey) => place(offsetOf(document, path, atKey)) };
  } catch (failure) {
    return [at(1, 1, `is not usable: ${messageOf(failure)}`)];
  }
}

/** Before parsing, by what opens a level: a bracket, or in a block everything before its first word. */
function isTooDeep(text: string): boolean {
  let brackets = 0;
  let indent = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === "[" || token === "{") brackets++;
    else if (token === "]" || token === "}") brackets--;
    else if (token.endsWith("\n")) indent = 0;
    else if (brackets === 0 && /^([-?:]|[ \t]+)$/.test(token)) indent += token.length;
    if (brackets + indent > maxDepth) return true;
  }
  return false;
}

/** One mistake in YAML makes the parser stumble over the rest of the line. */
function firstOfEachLine(problems: Problem[]): Problem[] {
  return problems.filter(({ line }, at) => problems.findIndex((other) => other.line === line) === at);
}

function readText(file: string): string | { problem: string } {
  try {
    const { size } = statSync(file);
    if (size > maxFileBytes) return { problem: `has ${size} bytes; a configuration may have ${maxFileBytes}` };
    const bytes = readFileSync(file);
    if (bytes.includes(0)) return { problem: "is not a text file: it contains NUL bytes" };
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return { problem: "is not a text file: it is not UTF-8" };
    if (code === "ENOENT") return { problem: "does not exist; give the right one with --config" };
    return { problem: `cannot be read: ${messageOf(failure)}` };
  }
}

type Unset = { scalar: Scalar; message: string };

/** In values only, after parsing: a value can't break the YAML. A plain scalar that was one variable may become a number or a truth value. */
function fillVariables(
  document: Document,
  env: NodeJS.ProcessEnv,
  base: string,
): { secrets: string[]; unset: Unset[] } {
  const secrets: string[] = [];
  const unset: Unset[] = [];
  visit(document, {
    Scalar(key, scalar) {
      if (key === "key" || typeof scalar.value !== "string" || !scalar.value.includes("$")) return;
      const filled = substitute(scalar.value, env, base);
      if ("problem" in filled) unset.push({ scalar, message: filled.problem });
      else {
        secrets.push(...filled.secrets);
        const mayBeTyped = scalar.type === "PLAIN" && filled.secrets.length === 0;
        scalar.value = mayBeTyped ? typed(filled.text) : filled.text;
      }
    },
  });
  return { secrets: secrets.filter((secret) => secret !== ""), unset };
}

/** Only what is the same again as text becomes a number: a version 1.10 is not 1.1. */
function typed(text: string): string | number | boolean {
  if (text === "true" || text === "false") return text === "true";
  return /^-?\d+(\.\d+)?$/.test(text) && String(Number(text)) === text ? Number(text) : text;
}

function offsetOf(document: Document, path: readonly Key[], atKey: boolean): number {
  for (let length = path.length; length > 0; length--) {
    const pair = pairAt(document, path.slice(0, length));
    const node = atKey && length === path.length ? (pair?.key ?? pair?.value) : (pair?.value ?? pair?.key);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function pairAt(document: Document, path: readonly Key[]): { key?: unknown; value: unknown } | undefined {
  const key = path.at(-1);
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const holder = isAlias(parent) ? parent.resolve(document) : parent;
  if (!isMap(holder)) return { value: document.getIn(path, true) };
  return holder.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
}
