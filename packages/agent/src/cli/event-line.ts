import { eventInWords, eventOf, isHostEvent, type Envelope } from "@ostler/protocol";
import { paint } from "./output.js";

const colours = { info: "grey", warn: "yellow", error: "red", critical: "red" } as const;

/** An event as one line for people. */
export function eventLine(envelope: Envelope): string {
  const event = eventOf(envelope);
  const words = isHostEvent(event) ? eventInWords(event) : JSON.stringify(envelope.data);
  return `${envelope.time} ${paint(colours[envelope.severity], event.type)} ${words}`;
}
