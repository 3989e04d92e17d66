import { OstlerError } from "@ostler/protocol";
import { Client } from "./client.js";
import { controlSocket, type Globals } from "./globals.js";
import { print, printJson } from "./output.js";

/** Sets what a rule compares with. */
export async function setBaseline(options: Globals & { value?: string }, name: string): Promise<number> {
  const [service = "", rule] = name.split("/");
  if (rule === undefined) throw new OstlerError("invalid-args", `${name} names no rule. Write it as SERVICE/RULE.`);
  const value = options.value === undefined ? {} : { value: numberIn(options.value) };
  const result = await new Client(controlSocket(options)).run("rule.baseline", { service, rule, ...value });
  if (options.json) printJson(result);
  else print(`${name} compares with ${(result.data as { value: number }).value} from now on`);
  return 0;
}

function numberIn(text: string): number {
  const value = text.trim() === "" ? NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw new OstlerError("invalid-args", `--value ${text} is no number.`);
}
