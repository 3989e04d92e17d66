import { levels, type Level } from "./line-info.js";

const names: Readonly<Record<Level, readonly string[]>> = {
  trace: ["trace", "trc", "t", "finest", "finer"],
  debug: ["debug", "dbg", "debu", "d", "verbose", "fine"],
  info: ["info", "inf", "information", "informational", "notice", "i", "n", "log"],
  warning: ["warning", "warn", "wrn", "w"],
  error: ["error", "err", "eror", "e", "severe", "failure"],
  critical: ["critical", "crit", "fatal", "ftl", "panic", "dpanic", "alert", "emergency", "emerg", "f", "c"],
};

const byName = new Map(levels.flatMap((level) => names[level].map((name) => [name, level] as const)));

/** Syslog's severities, from 0. */
const bySeverity: readonly Level[] = ["critical", "critical", "critical", "error", "warning", "info", "info", "debug"];

/** Pino's and bunyan's, by tens. */
const byTens: readonly (Level | undefined)[] = [undefined, "trace", "debug", "info", "warning", "error", "critical"];

/** The longest name, with an offset as slog writes it. */
const maxLength = 16;

/** The level that a word or a number means, whatever its case: `WARN`, `err`, `INFO+2`, 30 of pino, 4 of syslog. */
export function levelOf(value: unknown): Level | undefined {
  if (typeof value === "number") return levelOfNumber(value);
  if (typeof value !== "string" || value.length > maxLength) return undefined;
  const [, name, digits] = /^(?:([A-Za-z]+)(?:[+-]\d+)?|(\d{1,2}))$/.exec(value.trim()) ?? [];
  return digits === undefined ? byName.get(name?.toLowerCase() ?? "") : levelOfNumber(Number(digits));
}

/** The severity that syslog counts from 0, the most severe. */
export function levelOfSeverity(severity: number): Level | undefined {
  return bySeverity[severity];
}

/** Is a level as severe as another one, or more? */
export function isAtLeast(level: Level, least: Level): boolean {
  return levels.indexOf(level) >= levels.indexOf(least);
}

function levelOfNumber(number: number): Level | undefined {
  if (!Number.isInteger(number) || number < 0) return undefined;
  return number < bySeverity.length ? bySeverity[number] : byTens[Math.floor(number / 10)];
}
