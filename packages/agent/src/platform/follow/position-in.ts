import type { Block, FilePosition, Position } from "./place.js";
import { beforeBytes, printOf } from "./print.js";

/** Where to go on so that the line at `start` of a block comes next; `before` is where the block itself was begun. */
export function positionIn({ bytes, place, position }: Block, start: number, before: Position | undefined): Position {
  if (start >= bytes.length) return position;
  if (start === 0 && before) return before;
  const back = <P extends FilePosition>(file: P): P => {
    const its = { ...file, offset: place.offset + start };
    delete its.skipping; // What is skipped comes after the block.
    return { ...its, before: printOf(bytes.subarray(Math.max(0, start - beforeBytes), start)) };
  };
  // Lines of a late file come between those of the one after it.
  const isLate = position.late?.some(({ generation }) => generation === place.generation) ?? false;
  if (!isLate) return { ...back(position), generation: place.generation };
  const late = (position.late ?? []).map((file) => (file.generation === place.generation ? back(file) : file));
  return { ...position, late };
}
