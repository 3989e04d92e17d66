import { createContext, Script, type Context } from "node:vm";

/**
 * CPU time that a pattern may take for the lines that were read at once. Any usual one takes a thousandth of it; but one
 * that backtracks without end, on a line that somebody else may have chosen, would hold up everything that the agent does.
 */
const maxCpuMs = 200;

/** Finds lines by regular expressions of people who need not know how these are carried out. */
export class Matcher {
  readonly #script = new Script("lines.findIndex((line) => pattern.test(line))");
  #context: Context | undefined;

  /** Index of the first line that matches, or -1. */
  find(pattern: RegExp, lines: readonly string[]): number | "too-slow" {
    for (let spentMs = 0; spentMs < maxCpuMs;) {
      const before = process.cpuUsage();
      const found = this.#try(pattern, lines);
      if (found !== undefined) return found;
      // On a busy host time passes without anything being done: only what was used counts.
      const { user, system } = process.cpuUsage(before);
      spentMs += (user + system) / 1000;
    }
    return "too-slow";
  }

  #try(pattern: RegExp, lines: readonly string[]): number | undefined {
    const context = (this.#context ??= createContext({}));
    try {
      Object.assign(context, { pattern, lines });
      return this.#script.runInContext(context, { timeout: maxCpuMs }) as number;
    } catch (failure) {
      if ((failure as NodeJS.ErrnoException).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return undefined;
      throw failure;
    } finally {
      Object.assign(context, { pattern: undefined, lines: undefined });
    }
  }
}
