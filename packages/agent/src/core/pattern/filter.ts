import { columnBeyondAscii, columnOfAscii, endColumn } from "./alphabet.js";
import { firstBeyondAscii } from "./char-set.js";
import type { Program } from "./program.js";
import { scanBlock, type Finds } from "./scan-block.js";
import { States, type Limits } from "./states.js";

/**
 * Finds lines that many patterns may match, in one pass. It never misses one, but what it finds must be looked at again.
 * It says nothing when that would take too many states.
 */
export class Filter {
  #states: States | undefined;

  constructor(programs: readonly Program[], limits?: Limits) {
    this.#states = new States(programs, limits);
  }

  scan(block: Uint8Array): Finds | undefined {
    const finds = this.#states && scanBlock(this.#states, block);
    if (!finds) this.#states = undefined;
    return finds;
  }

  /** The patterns that may match a text, in order. All of it is one line, whatever is in it. */
  find(text: string): number[] | undefined {
    const found = this.#states && findIn(this.#states, text);
    if (!found) this.#states = undefined;
    return found;
  }
}

function findIn(states: States, text: string): number[] | undefined {
  const found: number[] = [];
  states.earn(text.length);
  let { table } = states;
  let state = states.start;
  for (let at = 0; at <= text.length; at++) {
    const unit = at < text.length ? text.charCodeAt(at) : -1;
    const column = unit < 0 ? endColumn : unit < firstBeyondAscii ? (columnOfAscii[unit] ?? 0) : columnBeyondAscii;
    state = table[state + column] ?? 0;
    if (state >= 0) continue;
    if (state === states.plainEnd) break;
    const { next, matched = [] } = states.turnOf(state);
    if (states.isExhausted) return undefined;
    found.push(...matched);
    state = next;
    if (states.isFull) [state = states.start] = states.renew([state]);
    table = states.table;
  }
  return found.sort((one, other) => one - other);
}
