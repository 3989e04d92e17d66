import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BackupConfig } from "../../packages/agent/dist/config/backups.js";
import type { Doing, Engine, Progress } from "../../packages/agent/dist/sources/backups/engine.js";
import type { OwnDirectory } from "../../packages/agent/dist/sources/backups/refuse-own.js";
import { pathOf } from "./tools.js";

const dist = fileURLToPath(new URL("../../../packages/agent/dist/", import.meta.url));
const inside = (path: string): Promise<unknown> => import(join(dist, path));

const [{ resticEngine }, { backupConfig }, { systemClock }, restoring] = await Promise.all([
  inside("sources/backups/restic-engine.js") as Promise<
    typeof import("../../packages/agent/dist/sources/backups/restic-engine.js")
  >,
  inside("config/backups.js") as Promise<typeof import("../../packages/agent/dist/config/backups.js")>,
  inside("core/clock.js") as Promise<typeof import("../../packages/agent/dist/core/clock.js")>,
  inside("sources/backups/restore.js") as Promise<
    typeof import("../../packages/agent/dist/sources/backups/restore.js")
  >,
]);

export const { restoreTo } = restoring;

/** Nobody withdraws. */
export const never: Doing["signal"] = new AbortController().signal;

type Settings = Partial<Omit<BackupConfig, "restic">> & {
  restic?: Partial<NonNullable<BackupConfig["restic"]>>;
  own?: OwnDirectory[];
};

/** A repository of restic, files to back up in `files`, and an engine for them; gone with all of it at the end. */
export class ResticHouse implements Disposable {
  readonly dir = mkdtempSync(join(tmpdir(), "ostler-restic-"));
  readonly repository = this.at("repository");
  readonly progress: Progress[] = [];

  constructor() {
    this.write("password", "open sesame");
    mkdirSync(this.at("files"));
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  at(name: string): string {
    return join(this.dir, name);
  }

  write(name: string, content: string | Uint8Array, mode = 0o644): string {
    mkdirSync(dirname(this.at(name)), { recursive: true });
    writeFileSync(this.at(name), content, { mode });
    return this.at(name);
  }

  /** An empty directory. */
  empty(name: string): string {
    mkdirSync(this.at(name));
    return this.at(name);
  }

  /** Of the set `data` of the service `web`, unless another is named. */
  engine({ restic, own = [], ...settings }: Settings = {}, service = "web", maxLockWaitMs = 0): Engine {
    const set = backupConfig.parse({
      ...{ name: "data", paths: [this.at("files")], engine: "restic" },
      restic: {
        repository: this.repository,
        password_file: this.at("password"),
        init: true,
        check_subset: 1,
        ...restic,
      },
    });
    const about = { clock: systemClock, env: process.env, directory: this.at("restic"), maxLockWaitMs };
    const deps = { ...about, ownDirectories: () => own };
    return resticEngine(service, { ...set, ...settings }, deps);
  }

  doing(signal = never): Doing {
    return { signal, progress: (progress) => this.progress.push(progress) };
  }

  /** What restic itself says. */
  restic(...args: string[]): string {
    return execFileSync(pathOf("restic") ?? "", args, {
      encoding: "utf8",
      env: this.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  get env(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      RESTIC_REPOSITORY: this.repository,
      RESTIC_PASSWORD_FILE: this.at("password"),
      RESTIC_CACHE_DIR: this.at("own-cache"),
    };
  }
}

/** How a failure is told: its code in the data, and its message. */
export async function failing(running: Promise<unknown>): Promise<{ code: string; message: string }> {
  const failure = await running.then(
    () => undefined,
    (thrown: unknown) => thrown as Error & { code: string; data?: { code?: string } },
  );
  if (!failure) throw new Error("It succeeded.");
  return { code: failure.data?.code ?? failure.code, message: failure.message };
}
