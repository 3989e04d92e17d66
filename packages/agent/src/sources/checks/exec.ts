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
      const pipes = [child.stdout, child.stderr].filter(Boolean); // None where no file can be opened any more.
      let said = "";
      for (const pipe of pipes)
        pipe.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-keptBytes)));
      const end = (verdict: Verdict): void => {
        signal.removeEventListener("abort", stop);
        for (const pipe of pipes) pipe.destroy();
        killGroup(child.pid);
        resolve(verdict);
      };
      const stop = (): void => end(failed(`${program} did not end in time`));
      child.on("error", (failure) => end(failed(`${program} could not be started: ${messageOf(failure)}`)));
      // What a failing command said last may still be on its way when it exits; its children would keep the pipes open.
      child.on("exit", (code) => (code === 0 ? end(passed) : killGroup(child.pid)));
      child.on("close", (code, killedBy) => {
        const how = code === null ? `was ended by ${killedBy}` : `exited with code ${code}`;
        end(failed(`${program} ${how}${quote(said)}`));
      });
      signal.addEventListener("abort", stop);
      if (signal.aborted) stop();
    });
}

/** Nothing of the command is left behind, whatever it started; only what sudo made another user's is out of reach. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code !== "ESRCH" && code !== "EPERM") throw failure;
  }
}

function quote(said: string): string {
  return said.trim() === "" ? "" : `: ${said.trim()}`;
}
