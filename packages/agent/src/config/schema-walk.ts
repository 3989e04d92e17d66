import * as z from "zod";
import { traitsOf, type SettingTraits } from "./setting.js";

/** A key on the way into a configuration. */
export type Key = string | number;

/** The schemas on the way from the root to `path`, outermost first; it ends early where the schema knows no such key. */
export function schemasTo(root: z.ZodType, path: readonly Key[]): z.ZodType[] {
  const schemas = [root];
  let here: z.ZodType | undefined = root;
  for (const key of path) {
    here = childOf(here, key);
    if (!here) break;
    schemas.push(here);
  }
  return schemas;
}

/** The keys an object schema knows; nothing for other schemas. For a union: those of every member. */
export function keysOf(schema: z.ZodType): string[] {
  const bare = unwrap(schema);
  if (bare instanceof z.ZodObject) return Object.keys(bare.shape);
  if (bare instanceof z.ZodUnion) return [...new Set((bare.options as z.ZodType[]).flatMap(keysOf))];
  return [];
}

/** The nearest traits that say something, from the innermost schema outwards, through every wrapping. */
export function nearest<K extends keyof SettingTraits>(
  schemas: readonly z.ZodType[],
  trait: K,
): SettingTraits[K] | undefined {
  for (const schema of [...schemas].reverse())
    for (const layer of layers(schema)) {
      const said = traitsOf(layer)[trait];
      if (said !== undefined) return said;
    }
  return undefined;
}

/** A schema and what it wraps: defaults, optionals, the input side of transforms. */
export function layers(schema: z.ZodType): z.ZodType[] {
  const inner = innerOf(schema);
  return inner ? [schema, ...layers(inner)] : [schema];
}

function unwrap(schema: z.ZodType): z.ZodType {
  return layers(schema).at(-1) ?? schema;
}

function innerOf(schema: z.ZodType): z.ZodType | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return schema.unwrap() as z.ZodType;
  if (schema instanceof z.ZodPipe) return schema.in as z.ZodType;
  return undefined;
}

function childOf(schema: z.ZodType | undefined, key: Key): z.ZodType | undefined {
  const bare = schema && unwrap(schema);
  if (bare instanceof z.ZodObject) return (bare.shape as Record<string, z.ZodType>)[key];
  if (bare instanceof z.ZodRecord) return bare.valueType as z.ZodType;
  if (bare instanceof z.ZodArray) return bare.element as z.ZodType;
  if (bare instanceof z.ZodUnion)
    return (bare.options as z.ZodType[]).map((option) => childOf(option, key)).find(Boolean);
  return undefined;
}
