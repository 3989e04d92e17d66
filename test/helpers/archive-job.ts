import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const program = join(fileURLToPath(new URL("../../../", import.meta.url)), "packages/agent/bundle/archive.cjs");

/** What the program for archives has told last, and the most memory that was seen of it. */
export type Outcome = {
  is: string;
  code?: string;
  message?: string;
  result: { files: number; bytes: number; archiveBytes: number; scope?: string };
  peakBytes: number;
};

/** Has the program that ships do a job, as the agent would. */
export async function archiveJob(
  job: object,
  { wrapper = [], env = {} }: { wrapper?: readonly string[]; env?: NodeJS.ProcessEnv } = {},
): Promise<Outcome> {
  const words = [...wrapper, process.execPath, "--max-semi-space-size=1", program];
  const child = spawn(words[0] ?? "", words.slice(1), {
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.write(`${JSON.stringify(job)}\n`);
  let text = "";
  let peakBytes = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    peakBytes = Math.max(peakBytes, peakOf(child.pid));
  });
  await once(child, "close");
  return { ...(JSON.parse(text.trim().split("\n").at(-1) ?? "{}") as Outcome), peakBytes };
}

export function createJob(directory: string, path: string, over: object = {}): object {
  return {
    do: "create",
    directory,
    id: "web.data.1",
    paths: [path],
    exclude: [],
    required: [],
    compression: "auto",
    recipients: [],
    header: { service: "web", name: "data", mode: "hot", agent: { id: "a", name: "h", version: "1" }, configHash: "c" },
    expectedRatio: 0,
    ...over,
  };
}

/** 0 when it has ended. */
function peakOf(pid: number | undefined): number {
  try {
    const [, kib] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kib ?? 0) * 1024;
  } catch {
    return 0;
  }
}
