import { durationInWords } from "@ostler/protocol";
import type { ToldNumber } from "../sinks/http/numbers.js";
import { paint, table } from "./output.js";

/** The numbers of all services, one a line: N/A is what nobody knows, which is not zero. Nothing when none are asked for. */
export function numbersTable(services: Readonly<Record<string, { numbers?: Record<string, ToldNumber> }>>): string {
  const rows = Object.entries(services).flatMap(([service, { numbers = {} }]) =>
    Object.entries(numbers).flatMap(([name, number]) => rowsOf(`${service}/${name}`, number)),
  );
  return rows.length === 0 ? "" : table([["NUMBER", "VALUE", "AGE"], ...rows]);
}

function rowsOf(name: string, number: ToldNumber): string[][] {
  if (number.is !== "seen") return [[name, paint("yellow", "N/A"), `${number.is}: ${number.reason}`]];
  return number.readings.map(({ labels, value, at }) => [
    `${name}${inBraces(labels)}`,
    String(value),
    durationInWords(Date.now() - Date.parse(at)),
  ]);
}

function inBraces(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
