import { OstlerError } from "@ostler/protocol";
import { momentOf, momentsAre } from "../core/moment.js";

/** A moment as people write it, for the agent, whose days may begin at another time. @throws OstlerError `bad-request` */
export function momentIn(text: string): string {
  const ms = momentOf(text, Date.now());
  if (ms === undefined) throw new OstlerError("bad-request", `"${text}" is no time. Write ${momentsAre}.`);
  return new Date(ms).toISOString();
}
