import * as z from "zod";
import { events, isEventType, type HostEvent } from "./events/index.js";
import { severityOf, subjectOf } from "./events/traits.js";
import { OstlerError, problemsIn } from "./errors.js";

/** An event as it is stored and sent: CloudEvents 1.0, structured JSON, with the extensions `sequence` and `severity`. */
export const envelope = z.looseObject({
  specversion: z.literal("1.0"),
  id: z.string().min(1).describe("`<epoch>-<seq>`; with `source` the key to recognise a repeated event"),
  source: z.string().min(1).describe("`/agents/<agent id>`"),
  type: z.string().min(1).describe("`ostler.<subject>.<past tense>`"),
  subject: z.string().min(1).optional().describe("The service, or `service/check`"),
  time: z.iso.datetime().describe("RFC 3339, UTC, milliseconds"),
  datacontenttype: z.literal("application/json"),
  sequence: z
    .string()
    .regex(/^\d{16}$/)
    .describe("The seq, zero-padded to 16 digits"),
  severity: z.enum(["info", "warn", "error", "critical"]),
  data: z.record(z.string(), z.unknown()),
});
export type Envelope = z.infer<typeof envelope>;

/** An event somebody else made up, for example a program that embeds the agent. It is carried, not folded. */
export type ForeignEvent = { type: string; data: Record<string, unknown> };

/** A place in the one timeline. */
export type Position = { epoch: string; seq: number; time: string };

export const typePrefix = "ostler.";

export function envelopeOf(event: HostEvent | ForeignEvent, agentId: string, { epoch, seq, time }: Position): Envelope {
  const own = isHostEvent(event);
  const subject = subjectOf(event);
  return {
    specversion: "1.0",
    id: `${epoch}-${seq}`,
    source: `/agents/${agentId}`,
    type: own ? typePrefix + event.type : event.type,
    ...(subject === undefined ? {} : { subject }),
    time,
    datacontenttype: "application/json",
    sequence: sequenceOf(seq),
    severity: own ? severityOf(event) : "info",
    data: event.data,
  };
}

/**
 * The event inside an envelope. An unknown type, or data of another version's shape, comes back as a foreign event, and
 * then its type is none of the catalogue's.
 */
export function eventOf({ type, data }: Envelope): HostEvent | ForeignEvent {
  const name = type.startsWith(typePrefix) ? type.slice(typePrefix.length) : type;
  if (!isEventType(name)) return { type, data };
  return { type: events[name].safeParse(data).success ? name : typePrefix + name, data };
}

export function isHostEvent(event: HostEvent | ForeignEvent): event is HostEvent {
  return isEventType(event.type);
}

export function seqOf({ sequence }: Pick<Envelope, "sequence">): number {
  return Number(sequence);
}

export function sequenceOf(seq: number): string {
  return String(seq).padStart(16, "0");
}

/** The only door from unknown JSON to an envelope. @throws OstlerError `bad-request` */
export function decodeEnvelope(value: unknown): Envelope {
  const parsed = envelope.safeParse(value);
  if (!parsed.success) throw new OstlerError("bad-request", `Not an event: ${problemsIn(parsed.error)}`);
  return value as Envelope;
}
