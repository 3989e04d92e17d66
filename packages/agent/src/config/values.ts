import { parseDuration } from "@ostler/protocol";
import * as z from "zod";

/** A span of time in milliseconds, written in the configuration with its unit. */
export type Milliseconds = number;
/** A size in bytes, written in the configuration with its unit. */
export type Bytes = number;

const bytesIn: Record<string, number> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 };

const durationWanted = "must be a duration with its unit, like 500ms, 30s, 5m, 2h or 7d";
const sizeWanted = "must be a size with its unit, like 512KiB, 64MiB or 1GiB";

const maxDurationMs = 365 * 24 * 60 * 60 * 1000;

/** `500ms`, `30s`, `5m`, `2h`, `7d`. */
export const duration = z
  .string(durationWanted)
  .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, durationWanted)
  .transform((text): Milliseconds => parseDuration(text) ?? 0)
  .refine((ms) => ms <= maxDurationMs, "must be at most 365d");

/** Longest time a timer can wait for. */
const maxSpanMs = 24 * 24 * 60 * 60 * 1000;

/** A duration that something waits for: neither nothing nor for ever. */
export const span = duration.refine((ms) => ms >= 1 && ms <= maxSpanMs, "must be between 1ms and 24d");

/** `64MiB`, `1GiB`, `512KiB`, `100B`. */
export const size = z
  .string(sizeWanted)
  .regex(/^\d+(\.\d+)?(B|KiB|MiB|GiB|TiB)$/, sizeWanted)
  .transform((text): Bytes => {
    const [, number = "", unit = ""] = /^([\d.]+)(\w+)$/.exec(text) ?? [];
    return Math.round(Number(number) * (bytesIn[unit] ?? NaN));
  });

const percentWanted = "must be a percentage, like 90%";

/** `90%`, `0.5%`, `250%`; as a number of percent. */
export const percent = z
  .string(percentWanted)
  .regex(/^\d+(\.\d+)?%$/, percentWanted)
  .transform((text) => Number(text.slice(0, -1)));

/** A name that becomes part of file names, metrics labels and paths. */
export const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/,
    "must be 1 to 63 letters, digits, - or _, and begin with a letter or digit",
  )
  .refine((text) => !(text in {}), "is a word that JavaScript keeps for itself; take another name");

/** A program and its arguments; no shell is involved. */
export const command = z
  .array(z.string().refine((text) => !text.includes("\0"), "must not contain a NUL character"))
  .min(1, "must name a program")
  .refine(([program]) => program !== "", "must name a program");

export const environment = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be a variable name"),
  z.union([z.string(), z.number(), z.boolean()], "must be text, a number or true or false").transform(String),
);

/** `host:port`, `[v6]:port`; port 0 lets the kernel choose. */
export const address = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[^:[\]\s]+):\d{1,5}$/, "must be host:port, for example 127.0.0.1:9680")
  .transform((text) => {
    const colon = text.lastIndexOf(":");
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(text.slice(colon + 1)) };
  })
  .refine(({ port }) => port <= 65_535, "must have a port up to 65535");
export type Address = z.output<typeof address>;
