import * as z from "zod";
import { setting } from "./setting.js";

/** What a number has to be; beside it what is still good enough to pass, but not without a warning. */
export const bounds = {
  equals: setting(z.number().optional(), "Passes only when the number is this one"),
  at_least: setting(z.number().optional(), "Fails when it is less"),
  at_most: setting(z.number().optional(), "Fails when it is more"),
  warn_at_least: setting(z.number().optional(), "Warns when it is less"),
  warn_at_most: setting(z.number().optional(), "Warns when it is more"),
};

export type Bounds = {
  equals?: number | undefined;
  at_least?: number | undefined;
  at_most?: number | undefined;
  warn_at_least?: number | undefined;
  warn_at_most?: number | undefined;
};

const names = Object.keys(bounds) as (keyof Bounds)[];

export function hasBounds(its: Bounds): boolean {
  return names.some((name) => its[name] !== undefined);
}

export const needsBounds = `needs at least one of ${names.join(", ")}`;

/** What is wrong with a number, in words: `3, more than 2`; nothing when nothing is. */
export function beyond(value: number, { equals, at_least, at_most }: Bounds): string | undefined {
  if (equals !== undefined && value !== equals) return `${value}, not ${equals}`;
  if (at_least !== undefined && value < at_least) return `${value}, less than ${at_least}`;
  if (at_most !== undefined && value > at_most) return `${value}, more than ${at_most}`;
  return undefined;
}

/** What is not as it should be, and not wrong either. */
export function nearlyBeyond(value: number, { warn_at_least, warn_at_most }: Bounds): string | undefined {
  return beyond(value, { at_least: warn_at_least, at_most: warn_at_most });
}
