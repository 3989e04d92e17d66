import { createContext, Script, type Context } from "node:vm";

/**
 * CPU time that a pattern may take for the lines that were read at once. Any usual one takes a thousandth of it; but one
 * that backtracks without end, on a line that somebody else may have chosen, would hold up everything that the agent does.
 */
const maxCpuMs = 200;

/** What the named groups of a pattern found in a line; empty when it has none. */
export type Groups = Readonly<Record<string, string | undefined>>;

/** Finds lines by regular expressions of people who need not know how these are carried out. */
export class Matcher {
  readonly #first = new Script("lines.findIndex((line) => pattern.test(line))");
  readonly #each = new Script("lines.map((line) => pattern.exec(line))");
  #context: Context | undefined;

  /** Index of the first line that matches, or -1. */
  find(pattern: RegExp, lines: readonly string[]): number | "too-slow" {
    return this.#within(this.#first, pattern, lines);
  }

  /** Of each line what it has of the pattern; nothing where it does not match. */
  groupsOf(pattern: RegExp, lines: readonly string[]): (Groups | undefined)[] | "too-slow" {
    const found = this.#within<(RegExpExecArray | null)[]>(this.#each, pattern, lines);
    return found === "too-slow" ? found : found.map((match) => (match ? (match.groups ?? {}) : undefined));
  }

  #within<T>(script: Script, pattern: RegExp, lines: readonly string[]): T | "too-slow" {
    for (let spentMs = 0; spentMs < maxCpuMs;) {
      const before = process.cpuUsage();
      const found = this.#try<T>(script, pattern, lines);
      if (found !== undefined) return found;
      // On a busy host time passes without anything being done: only what was used counts.
      const { user, system } = process.cpuUsage(before);
      spentMs += (user + system) / 1000;
    }
    return "too-slow";
  }

  #try<T>(script: Script, pattern: RegExp, lines: readonly string[]): T | undefined {
    const context = (this.#context ??= createContext({}));
    try {
      Object.assign(context, { pattern, lines });
      return script.runInContext(context, { timeout: maxCpuMs }) as T;
    } catch (failure) {
      if ((failure as NodeJS.ErrnoException).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return undefined;
      throw failure;
    } finally {
      Object.assign(context, { pattern: undefined, lines: undefined });
    }
  }
}
