import { readFileSync, statSync } from "node:fs";
import { messageOf } from "@ostler/protocol";

/** What a file sets, or why it cannot be used. A reason never has a value in it: they are secrets. */
/** An optional file may be absent. */
export type EnvFilePath = { path: string; optional: boolean };

export type EnvFileRead = { values: Record<string, string> } | { reason: string };

/** What the files set together; the last one wins. */
export function readEnvFiles(files: readonly EnvFilePath[]): EnvFileRead {
  const values: Record<string, string> = {};
  for (const file of files) {
    const read = readEnvFile(file);
    if ("reason" in read) return read;
    Object.assign(values, read.values);
  }
  return { values };
}

/** A file beyond this is no environment: a process could not be started with it. */
const maxBytes = 1024 * 1024;

/** Reads a file of KEY=VALUE lines; one that is `optional` may be absent. */
export function readEnvFile({ path, optional }: EnvFilePath): EnvFileRead {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) return { reason: `env_file ${path} is no regular file.` };
    if (stats.size > maxBytes)
      return { reason: `env_file ${path} has ${stats.size} bytes; it may have ${maxBytes} of them.` };
    const bytes = readFileSync(path);
    if (bytes.includes(0)) return { reason: `env_file ${path} is not a text file: it contains NUL bytes.` };
    const parsed = parseEnvFile(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return "problem" in parsed ? { reason: `env_file ${path}: ${parsed.problem}.` } : parsed;
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === "ENOENT" && optional) return { values: {} };
    if (code === "ENOENT")
      return { reason: `env_file ${path} does not exist. Write it, or put - before its path if it may be absent.` };
    if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return { reason: `env_file ${path} is not UTF-8.` };
    return { reason: `env_file ${path} cannot be read: ${messageOf(failure)}.` };
  }
}

/**
 * The rules of systemd's EnvironmentFile=: empty lines, lines without `=` and those that begin with # or ; do not count. A
 * value may be quoted, over several lines as well; a backslash at the end of a line goes on in the next one.
 */
export function parseEnvFile(text: string): { values: Record<string, string> } | { problem: string } {
  const values = new Map<string, string>();
  for (let at = 0; at < text.length;) {
    const end = endOfLine(text, at);
    const line = text.slice(at, end);
    const sign = line.indexOf("=");
    if (sign < 0 || /^\s*[#;]/.test(line)) {
      at = end + 1;
      continue;
    }
    const name = line.slice(0, sign).trim();
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      return { problem: `line ${lineNumberOf(text, at)} has no variable name before its first =` };
    const read = readValue(text, at + sign + 1);
    if (!read) return { problem: `the quote that begins in line ${lineNumberOf(text, at)} has no end` };
    values.set(name, read.value);
    at = read.end + 1;
  }
  return { values: Object.fromEntries(values) };
}

function lineNumberOf(text: string, at: number): number {
  return text.slice(0, at).split("\n").length;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

const blank = /[ \t\r]/;

/** The value that begins at `from`, and where its last line ends; nothing when a quote is not closed. */
function readValue(text: string, from: number): { value: string; end: number } | undefined {
  let value = "";
  /** Blanks at the end do not count, but those in quotes or after a backslash do. */
  let solid = 0;
  let bare = false;
  let at = from;
  for (; at < text.length && text[at] !== "\n"; at++) {
    const character = text[at] ?? "";
    if (!bare && blank.test(character)) continue;
    if (!bare && (character === "'" || character === '"')) {
      const quoted = readQuoted(text, at + 1, character);
      if (!quoted) return undefined;
      value += quoted.value;
      solid = value.length;
      at = quoted.end;
      continue;
    }
    bare = true;
    if (character === "\\") {
      at++;
      if (text[at] !== "\n") value += text[at] ?? "";
      solid = value.length;
      continue;
    }
    value += character;
    if (!blank.test(character)) solid = value.length;
  }
  return { value: value.slice(0, solid), end: Math.min(at, text.length) };
}

/** What is between quotes, and where the closing one is; in double quotes a backslash takes the meaning from " \ ` and $. */
function readQuoted(text: string, from: number, quote: string): { value: string; end: number } | undefined {
  let value = "";
  for (let at = from; at < text.length; at++) {
    const character = text[at] ?? "";
    if (character === quote) return { value, end: at };
    const next = text[at + 1] ?? "";
    if (quote === '"' && character === "\\" && '"\\`$\n'.includes(next) && next !== "") {
      if (next !== "\n") value += next;
      at++;
    } else value += character;
  }
  return undefined;
}
