import type { CharSet } from "./char-set.js";

/** What a pattern says. */
export type Node =
  | { is: "char"; set: CharSet }
  | { is: "sequence"; parts: readonly Node[] }
  | { is: "choice"; options: readonly Node[] }
  | { is: "group"; index: number; body: Node }
  | { is: "repeat"; body: Node; min: number; max: number; lazy: boolean }
  | { is: "assertion"; what: Assertion };

export type Assertion = "start" | "end" | "word" | "not-word";

export type Syntax = {
  root: Node;
  /** The name of each group that captures, in their order; nothing for one without. */
  groups: readonly (string | undefined)[];
};

/** Can it match without taking a character? */
export function canBeEmpty(node: Node): boolean {
  switch (node.is) {
    case "char":
      return false;
    case "sequence":
      return node.parts.every(canBeEmpty);
    case "choice":
      return node.options.some(canBeEmpty);
    case "group":
      return canBeEmpty(node.body);
    case "repeat":
      return node.min === 0 || canBeEmpty(node.body);
    case "assertion":
      return true;
    default:
      return node satisfies never;
  }
}

/** Indices of the groups in it. */
export function groupsIn(node: Node): number[] {
  switch (node.is) {
    case "sequence":
      return node.parts.flatMap(groupsIn);
    case "choice":
      return node.options.flatMap(groupsIn);
    case "group":
      return [node.index, ...groupsIn(node.body)];
    case "repeat":
      return groupsIn(node.body);
    case "char":
    case "assertion":
      return [];
    default:
      return node satisfies never;
  }
}
