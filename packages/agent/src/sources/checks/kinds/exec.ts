import { exitInWords } from "@ostler/protocol";
import type { ExecCheck } from "../../../config/checks/exec.js";
import { runChild } from "../../../platform/child.js";
import { environmentOf } from "../../../platform/environment.js";
import type { Identity } from "../../../platform/proc.js";
import { sendSignal } from "../../../platform/tree-end.js";
import { failed, passed, warned, type Probe } from "../verdict.js";

/** How much of what a command says last is told, when it fails or warns. */
const keptBytes = 500;

/** Exit code 0 passes, 1 warns, and every other end fails. The command has a process group of its own, so that nothing of it is left when its time is over. */
export function execProbe({ command, env }: ExecCheck): Probe {
  const [program = ""] = command;
  const killGroup = ({ pid }: Identity): void => sendSignal(-pid, "SIGKILL");
  return async (signal) => {
    const spec = { command, cwd: "/", env: environmentOf(env, process.env), keptBytes, endAll: killGroup };
    const end = await runChild(spec, signal);
    if (!end.started) return failed(`${program} could not be started: ${end.reason}`);
    const { exit, stopped, stdout, stderr } = end;
    if (stopped) return failed(`${program} did not end in time`);
    if (exit.kind === "code" && exit.code === 0) return passed;
    const said = (stdout.text + stderr.text).trim().slice(-keptBytes);
    const how = exit.kind === "signal" ? `was ended by ${exit.signal}` : exitInWords(exit);
    const text = `${program} ${how}${said === "" ? "" : `: ${said}`}`;
    return exit.kind === "code" && exit.code === 1 ? warned(text) : failed(text);
  };
}
