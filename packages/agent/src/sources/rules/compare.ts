import type { Aggregate, Comparison } from "../../config/rules/expr.js";

/** With a number that is none nothing is true, but that it is another one; as in Prometheus. */
export function compare(left: number, op: Comparison, right: number): boolean {
  switch (op) {
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case "==":
      return left === right;
    case "!=":
      return left !== right;
    default:
      return op satisfies never;
  }
}

/** One number of all; of none there is none. */
export function aggregated(values: readonly number[], how: Aggregate): number | undefined {
  if (values.length === 0) return undefined;
  const numbers = values.filter((value) => !Number.isNaN(value));
  switch (how) {
    case "sum":
      return sum(values);
    case "avg":
      return sum(values) / values.length;
    case "count":
      return values.length;
    case "max":
      return numbers.reduce((most, value) => Math.max(most, value), numbers[0] ?? NaN);
    case "min":
      return numbers.reduce((least, value) => Math.min(least, value), numbers[0] ?? NaN);
    default:
      return how satisfies never;
  }
}

export function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
