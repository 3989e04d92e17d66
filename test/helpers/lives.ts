import type { Envelope } from "@ostler/protocol";

/**
 * What is wrong in the told lives of the processes: every run that begins ends exactly once, or is the last one, and
 * runs now. A run whose beginning nobody lived to tell is told by its adoption, or by its end alone.
 */
export function problemsIn(events: readonly Envelope[], runsNow: ReadonlyMap<string, number>): string[] {
  const problems: string[] = [];
  const lives = new Map<string, { open?: number; last: number }>();
  for (const { type, data, sequence } of events.filter((line) => "type" in line)) {
    const run = Number(data.run);
    const slot = `${String(data.service)}/${String(data.process)}`;
    const wrong = (what: string): number => problems.push(`${slot} run ${run} (seq ${sequence}): ${what}`);
    const life = lives.get(slot) ?? { last: 0 };
    switch (type) {
      case "ostler.service.started":
      case "ostler.service.restarted":
        if (life.open !== undefined) wrong(`begins while run ${life.open} has not ended`);
        if (run <= life.last) wrong("begins again");
        lives.set(slot, { open: run, last: run });
        break;
      case "ostler.service.adopted":
        if (life.open !== undefined && life.open !== run) wrong(`is adopted while run ${life.open} has not ended`);
        if (life.open === undefined && run <= life.last) wrong("is adopted after its end");
        lives.set(slot, { open: run, last: run });
        break;
      case "ostler.service.exited":
        if (life.open === undefined && run <= life.last) wrong("ends twice");
        if (life.open === undefined && data.whileAway !== true && (data.exit as { kind: string }).kind !== "unknown")
          wrong("ends without a beginning, before the eyes of an agent");
        if (life.open !== undefined && life.open !== run) wrong(`ends while run ${life.open} has not ended`);
        lives.set(slot, { last: Math.max(run, life.last) });
        break;
    }
  }
  for (const [slot, run] of runsNow)
    if (lives.get(slot)?.open !== run) problems.push(`${slot} run ${run} runs, but told is ${lives.get(slot)?.open}`);
  for (const [slot, { open }] of lives)
    if (open !== undefined && !runsNow.has(slot)) problems.push(`${slot} run ${open} never ended`);
  return problems;
}
