/** The last moment that can be written; what lies beyond is as good as never. */
const maxTimeMs = 8.64e15;

/** A moment some time after another, as RFC 3339 in UTC. */
export function after(time: string, ms: number): string {
  return new Date(Math.max(-maxTimeMs, Math.min(maxTimeMs, Date.parse(time) + ms))).toISOString();
}
