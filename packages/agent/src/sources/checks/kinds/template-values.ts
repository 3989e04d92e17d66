import { randomUUID } from "node:crypto";
import { variableOf } from "../../../config/checks/templates.js";
import { textsOf, type TransactionStep } from "../../../config/checks/transaction.js";
import { filled, namesIn } from "../../../core/template.js";

/** A shorter value is no secret, and would be found in words that mean something else. */
const shortestHidden = 4;

/** What the templates of one run stand for. */
export class TemplateValues {
  readonly #env: NodeJS.ProcessEnv;
  readonly #known: Map<string, string>;
  readonly #hidden: [variable: string, value: string][];

  /** `texts`: all in which there may be templates. */
  constructor(texts: readonly string[], env: NodeJS.ProcessEnv) {
    const now = Date.now();
    this.#env = env;
    this.#known = new Map([
      ["uuid", randomUUID()],
      ["now", new Date(now).toISOString()],
      ["now:unix", String(Math.floor(now / 1000))],
    ]);
    const names = texts.flatMap(namesIn);
    const variables = new Set(names.map(variableOf).filter((variable) => variable !== undefined));
    this.#hidden = [...variables]
      .map((variable): [string, string] => [variable, env[variable] ?? ""])
      .filter(([, value]) => value.length >= shortestHidden)
      .sort(([, a], [, b]) => b.length - a.length);
  }

  capture(name: string, value: string): void {
    this.#known.set(name, value);
  }

  /** The first name in a step that stands for nothing; nothing when it can be asked. */
  missingFor(step: TransactionStep): string | undefined {
    const names = textsOf(step).flatMap(({ text }) => namesIn(text));
    return names.find((name) => this.#valueOf(name) === undefined);
  }

  /** A text with its values. */
  fill(text: string): string {
    return filled(text, (name) => this.#valueOf(name) ?? "");
  }

  /** A URL with its values. What came from an answer stays one part of it, whatever is in it; a variable may be more. */
  fillUrl(url: string): string {
    return filled(url, (name) => {
      const value = this.#valueOf(name) ?? "";
      return variableOf(name) === undefined ? encodeURIComponent(value) : value;
    });
  }

  /** A text without the values of the agent's environment. */
  hide(text: string): string {
    return this.#hidden.reduce((clean, [variable, value]) => clean.replaceAll(value, `{{env:${variable}}}`), text);
  }

  #valueOf(name: string): string | undefined {
    const variable = variableOf(name);
    return variable === undefined ? this.#known.get(name) : this.#env[variable];
  }
}
