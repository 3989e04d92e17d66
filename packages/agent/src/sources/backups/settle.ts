import { undoMoves } from "./swap-moves.js";
import { readSwapRecord, writeSwapRecord } from "./swap-record.js";

/**
 * Puts back what a killed agent was about to put in place, by renames alone: whoever is started next finds all of the old. What is
 * staged is removed later, by `recoverSwap`. @throws OstlerError
 */
export async function settleSwap(path: string): Promise<void> {
  const record = await readSwapRecord(path);
  if (record?.phase !== "swapping") return;
  await undoMoves(record, () => undefined);
  await writeSwapRecord(path, { ...record, phase: "staging", moves: [], dressed: [] });
}
