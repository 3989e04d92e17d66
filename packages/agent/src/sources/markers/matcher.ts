import { createContext, Script, type Context } from "node:vm";

/**
 * What a pattern may take for the lines that were read at once. Any usual one takes a thousandth of that; but one that
 * backtracks without end, on a line that somebody else may have chosen, would hold up everything that the agent does.
 */
const maxMs = 100;

/** Finds lines by regular expressions of people who need not know how these are carried out. */
export class Matcher {
  readonly #script = new Script("lines.findIndex((line) => pattern.test(line))");
  #context: Context | undefined;

  /** Index of the first line that matches, or -1. */
  find(pattern: RegExp, lines: readonly string[]): number | "too-slow" {
    const context = (this.#context ??= createContext({}));
    try {
      Object.assign(context, { pattern, lines });
      return this.#script.runInContext(context, { timeout: maxMs }) as number;
    } catch (failure) {
      if ((failure as NodeJS.ErrnoException).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return "too-slow";
      throw failure;
    } finally {
      Object.assign(context, { pattern: undefined, lines: undefined });
    }
  }
}
