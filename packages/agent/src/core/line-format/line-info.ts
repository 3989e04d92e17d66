import { logLevels, type LogLevel } from "@ostler/protocol";

/** The formats of lines that are known, by the names that a configuration uses. */
export const lineFormats = [
  "json",
  "logfmt",
  "slog",
  "access",
  "syslog",
  "env_logger",
  "uvicorn",
  "python",
  "redis",
  "nginx",
  "plain",
] as const;
export type LineFormat = (typeof lineFormats)[number];

export const levels = logLevels;
export type Level = LogLevel;

export type FieldValue = string | number | boolean;
export type Fields = Readonly<Record<string, FieldValue>>;

/** What a line says: what it does not say is not there. A level or a time is never guessed from the words of a message. */
export type LineInfo = {
  /** What it was understood as. */
  format: LineFormat;
  /** Milliseconds since 1970. A time without a zone is one of this host. */
  timeMs?: number;
  level?: Level;
  message?: string;
  /** Everything it names, flat: what is inside of an object has a dotted path. */
  fields: Fields;
};

/** Understands lines of one format; nothing when a line is none of it. Never throws, and takes time in proportion to the line. */
export type Read = (text: string, nowMs: number) => LineInfo | undefined;
