/**
 * Measurements on the bus that are neither numbered nor stored: they feed metrics and die.
 * What an operator must be able to look up later is an event instead.
 */
export type Sample =
  | { type: "check.probed"; service: string; check: string; ok: boolean; tookMs: number }
  | { type: "http.answered"; route: string; method: string; status: number; tookMs: number }
  | { type: "journal.written"; events: number; bytes: number; tookMs: number };
