import fc from "fast-check";
import * as z from "zod";
import { events, type EventType, type HostEvent } from "./events/index.js";

/** Values as a schema describes them. Only tests use this: a new event or frame is in every property as soon as it exists. */
export function arbitraryOf(schema: z.ZodType): fc.Arbitrary<unknown> {
  return valueOf(z.toJSONSchema(schema) as Described);
}

export function arbitraryEventOf(type: EventType): fc.Arbitrary<HostEvent> {
  return arbitraryOf(events[type]).map((data) => ({ type, data }) as HostEvent);
}

export function arbitraryEvent(): fc.Arbitrary<HostEvent> {
  return fc.oneof(...(Object.keys(events) as EventType[]).map(arbitraryEventOf));
}

/** JSON as it comes out of a text: without -0, which JSON does not have. */
export function arbitraryJson(): fc.Arbitrary<unknown> {
  return fc.json({ maxDepth: 2 }).map((text): unknown => JSON.parse(text));
}

type Described = {
  type?: "string" | "integer" | "number" | "boolean" | "array" | "object";
  const?: unknown;
  enum?: unknown[];
  oneOf?: Described[];
  format?: string;
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  minItems?: number;
  items?: Described;
  properties?: Record<string, Described>;
  required?: string[];
  additionalProperties?: Described | boolean;
};

/** Few, so that events meet in the same service, and some that every JavaScript object seems to have. */
const names = ["web", "main", "db", "constructor", "toString", "__proto__", "ünï→🦉"];

function valueOf(described: Described): fc.Arbitrary<unknown> {
  if ("const" in described) return fc.constant(described.const);
  if (described.enum) return fc.constantFrom(...described.enum);
  if (described.oneOf) return fc.oneof(...described.oneOf.map(valueOf));
  switch (described.type) {
    case "string":
      return described.format === "date-time" ? dateTime : fc.constantFrom(...names);
    case "integer":
      return fc.integer({
        min: described.minimum ?? Number.MIN_SAFE_INTEGER,
        max: described.maximum ?? Number.MAX_SAFE_INTEGER,
      });
    case "number":
      return numberOf(described);
    case "boolean":
      return fc.boolean();
    case "array":
      return fc.array(valueOf(described.items ?? {}), { minLength: described.minItems ?? 0, maxLength: 4 });
    case "object":
      return objectOf(described);
    case undefined:
      return arbitraryJson();
    default:
      return described.type satisfies never;
  }
}

function numberOf({ minimum, exclusiveMinimum, maximum }: Described): fc.Arbitrary<number> {
  const min = exclusiveMinimum ?? minimum ?? -1e12;
  const range = { min, max: maximum ?? 1e12, minExcluded: exclusiveMinimum !== undefined };
  return fc.double({ ...range, noNaN: true }).map((number) => number + 0);
}

function objectOf({ properties = {}, required = [], additionalProperties }: Described): fc.Arbitrary<unknown> {
  const members = Object.entries(properties).map(([key, member]): [string, fc.Arbitrary<unknown>] => [
    key,
    valueOf(member),
  ]);
  const known = fc.record(Object.fromEntries(members), { requiredKeys: required, noNullPrototype: true });
  // A record of zod does not let `__proto__` through.
  const key = fc.constantFrom(...names.filter((name) => name !== "__proto__"));
  return members.length === 0 && typeof additionalProperties === "object"
    ? fc.dictionary(key, valueOf(additionalProperties), { maxKeys: 3, noNullPrototype: true })
    : known;
}

const dateTime = fc
  .date({ min: new Date("2000-01-01"), max: new Date("2100-01-01"), noInvalidDate: true })
  .map((date) => date.toISOString());
