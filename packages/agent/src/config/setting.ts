import type { SettingEffect } from "@ostler/protocol";
import type * as z from "zod";

/** What a setting is, besides its type: said once, at its schema, and read by plan, redaction and docs. */
export type SettingTraits = {
  effect?: SettingEffect;
  /** The value is never shown; `by-name`: the values of a record whose names look like secrets are not. */
  secret?: true | "by-name";
};

/** Keys under which the traits stand in the published JSON Schema. */
const effectKey = "x-effect";
const secretKey = "x-secret";

/** Gives a schema its explanation and traits. An effect holds for everything below until something there says otherwise. */
export function setting<T extends z.ZodType>(
  schema: T,
  description: string,
  { effect, secret }: SettingTraits = {},
): T {
  return schema.meta({
    description,
    ...(effect ? { [effectKey]: effect } : {}),
    ...(secret ? { [secretKey]: secret } : {}),
  });
}

export function traitsOf(schema: z.ZodType): SettingTraits & { description?: string } {
  const meta = (schema.meta() ?? {}) as Record<string, unknown>;
  return {
    ...(typeof meta.description === "string" ? { description: meta.description } : {}),
    ...(typeof meta[effectKey] === "string" ? { effect: meta[effectKey] as SettingEffect } : {}),
    ...(meta[secretKey] === undefined ? {} : { secret: meta[secretKey] as true | "by-name" }),
  };
}
