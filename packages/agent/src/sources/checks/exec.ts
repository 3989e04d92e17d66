import { spawn } from "node:child_process";
import { messageOf } from "@ostler/protocol";
import type { ExecCheck } from "../../config/checks.js";
import { environmentOf } from "../../platform/environment.js";
import { failed, passed, type Probe, type Verdict } from "./verdict.js";

/** How much of what a failing command says last is told. */
const keptBytes = 500;

/** Exit code 0 passes. The command has a process group of its own, so that nothing of it is left when its time is over. */
export function execProbe({ command: [program = "", ...args], env }: ExecCheck): Probe {
  return (signal) =>
    new Promise<Verdict>((resolve) => {
      const child = spawn(program, args, {
        cwd: "/",
        env: environmentOf(env, process.env),
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
      });
      let said = "";
      const listen = (chunk: Buffer): void => void (said = (said + chunk.toString()).slice(-keptBytes));
      child.stdout.on("data", listen);
      child.stderr.on("data", listen);
      const end = (verdict: Verdict): void => {
        signal.removeEventListener("abort", stop);
        child.stdout.destroy();
        child.stderr.destroy();
        killGroup(child.pid);
        resolve(verdict);
      };
      const stop = (): void => end(failed(`${program} did not end in time`));
      child.on("error", (failure) => end(failed(`${program} could not be started: ${messageOf(failure)}`)));
      child.on("exit", (code, killedBy) =>
        end(
          code === 0
            ? passed
            : failed(
                `${program} ${code === null ? `was ended by ${killedBy}` : `exited with code ${code}`}${quote(said)}`,
              ),
        ),
      );
      signal.addEventListener("abort", stop);
      if (signal.aborted) stop();
    });
}

/** Nothing of the command is left behind, whatever it started. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== "ESRCH") throw failure;
  }
}

function quote(said: string): string {
  return said.trim() === "" ? "" : `: ${said.trim()}`;
}
