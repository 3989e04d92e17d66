import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Family } from "@ostler/protocol";
import { gauge } from "../family.js";

/** More sensors than these are not shown. */
const maxSensors = 64;

/** What the sensors of the host measure; virtual machines have none. */
export function temperatureFigures(root = "/sys/class"): () => Family[] {
  return () => {
    const readings = [...zones(join(root, "thermal")), ...monitors(join(root, "hwmon"))].slice(0, maxSensors);
    return [gauge("temperature_celsius", "Temperature that a sensor measures", readings)];
  };
}

type Reading = [{ sensor: string }, number | undefined];

function zones(directory: string): Reading[] {
  return entries(directory, /^thermal_zone\d+$/).map((zone) => [
    { sensor: `${zone} ${word(join(directory, zone, "type")) ?? ""}`.trim() },
    celsius(join(directory, zone, "temp")),
  ]);
}

function monitors(directory: string): Reading[] {
  return entries(directory, /^hwmon\d+$/).flatMap((monitor) => {
    const its = join(directory, monitor);
    const name = word(join(its, "name")) ?? monitor;
    return entries(its, /^temp\d+_input$/).map((input): Reading => {
      const channel = input.replace("_input", "");
      return [{ sensor: `${name} ${word(join(its, `${channel}_label`)) ?? channel}` }, celsius(join(its, input))];
    });
  });
}

function entries(directory: string, pattern: RegExp): string[] {
  return existsSync(directory)
    ? readdirSync(directory)
        .filter((entry) => pattern.test(entry))
        .sort()
    : [];
}

function celsius(path: string): number | undefined {
  const text = word(path);
  return text === undefined ? undefined : Number(text) / 1000;
}

/** A sensor that does not answer is absent: some do so while they sleep. */
function word(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}
