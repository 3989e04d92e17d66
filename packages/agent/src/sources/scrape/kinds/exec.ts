import { exitInWords, type Family } from "@ostler/protocol";
import type { ExecNumbers } from "../../../config/numbers/exec.js";
import { runChild } from "../../../platform/child.js";
import { environmentOf } from "../../../platform/environment.js";
import type { Identity } from "../../../platform/proc.js";
import { sendSignal } from "../../../platform/tree-end.js";
import { familyOf, numberIn, type Ask } from "../families.js";
import { valuesIn } from "./json.js";
import { textIn } from "./prometheus.js";

/** A program that writes more is unreachable. */
const maxOutputBytes = 4 * 1024 * 1024;
/** So much of what a failing program says last is told. */
const maxTold = 200;

/** What a program writes to its stdout. Nothing of it is left when it has ended or its time is over. */
export function askExec(config: ExecNumbers): Ask {
  const { command, env } = config;
  const [program = ""] = command;
  const killGroup = ({ pid }: Identity): void => sendSignal(-pid, "SIGKILL");
  return async (signal) => {
    const spec = {
      command,
      cwd: "/",
      env: environmentOf(env, process.env),
      keptBytes: maxOutputBytes,
      endAll: killGroup,
    };
    const end = await runChild(spec, signal);
    if (!end.started) throw new Error(`${program} could not be started: ${end.reason}`);
    if (end.stopped) throw new Error(`${program} did not end in time`);
    if (end.exit.kind !== "code" || end.exit.code !== 0)
      throw new Error(`${program} ${exitInWords(end.exit)}: ${end.stderr.text.trim().slice(-maxTold)}`);
    if (end.stdout.clipped) throw new Error(`${program} wrote more than ${maxOutputBytes} bytes`);
    return numbersIn(config, `what ${program} wrote`, end.stdout.text);
  };
}

async function numbersIn({ format, values }: ExecNumbers, where: string, text: string): Promise<Family[]> {
  switch (format) {
    case "prometheus":
      return textIn(where, "", text);
    case "json":
      return valuesIn(where, text, values);
    case "number": {
      const number = numberIn(text.trim(), where) ?? NaN;
      return Object.entries(values).map(([name, picked]) => familyOf(name, picked, number));
    }
    default:
      return format satisfies never;
  }
}
