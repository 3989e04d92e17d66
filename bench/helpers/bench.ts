import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../../", import.meta.url));
export const launcher = join(root, "packages/agent/bin/ostler.cjs");
/** The node and the flags that the launcher's first line asks for. */
export const ostler = [
  process.execPath,
  ...(readFileSync(launcher, "utf8").split("\n")[0] ?? "").split(" ").filter((word) => word.startsWith("--")),
  launcher,
];

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}

export const nowNs = (): bigint => process.hrtime.bigint();
export const msSince = (start: bigint): number => Number(nowNs() - start) / 1e6;

/** Prints rows in columns. */
export function report(title: string, rows: readonly (readonly (string | number)[])[]): void {
  const texts = rows.map((row) =>
    row.map((cell) =>
      typeof cell === "number" ? (cell >= 1000 ? Math.round(cell).toLocaleString("en") : cell.toFixed(2)) : cell,
    ),
  );
  const widths = (texts[0] ?? []).map((_, column) => Math.max(...texts.map((row) => row[column]?.length ?? 0)));
  console.log(`\n${title} (Node ${process.version})`);
  for (const row of texts)
    console.log(
      `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  ")}`,
    );
}

/** A directory that is gone at the end. */
export class Workplace implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), "ostler-bench-"));
  readonly #children: ChildProcess[] = [];

  path(name: string): string {
    return join(this.directory, name);
  }

  write(name: string, text: string): string {
    writeFileSync(this.path(name), text);
    return this.path(name);
  }

  /** The service of helpers/first-instruction.c; it needs a C compiler. */
  firstInstruction(): string {
    const program = this.path("first-instruction");
    if (!existsSync(program))
      execFileSync("cc", ["-O2", "-o", program, join(root, "bench/helpers/first-instruction.c")]);
    return program;
  }

  spawn(command: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const [program = "", ...args] = command;
    const child = spawn(program, args, {
      cwd: this.directory,
      env: { ...process.env, ...env },
      stdio: ["ignore", "ignore", "ignore"],
    });
    this.#children.push(child);
    return child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

/** Looks again and again, every millisecond, until something is there. */
export async function until<T>(look: () => T | Promise<T>, withinMs = 30_000): Promise<NonNullable<T>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (performance.now() > deadline) throw new Error(`Not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** The starts that helpers/first-instruction.c has written. */
export function startsIn(file: string): { pid: number; atNs: bigint }[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [pid = "", at = "0"] = line.split(" ");
      return { pid: Number(pid), atNs: BigInt(at) };
    });
}

export function endGroup(pid: number): void {
  for (const target of [-pid, pid])
    try {
      process.kill(target, "SIGKILL");
    } catch {
      continue; // Gone already.
    }
}
