import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "../helpers/until.js";

/**
 * Boots systemd in namespaces of its own, on a copy-on-write overlay of this root: whatever it changes is gone at the end.
 * The repository is in /opt/ostler. Units that would change the kernel's settings are left out.
 */
const boot = `
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/up" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" "$1/root"
cd "$1/root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,ro,bind proc/sys
mount -t sysfs sysfs sys
# Mounted anew, a hierarchy of control groups shows only the part that belongs to this namespace.
if [ -d /sys/fs/cgroup/systemd ]; then
  mount -t tmpfs tmpfs sys/fs/cgroup
  mkdir sys/fs/cgroup/systemd sys/fs/cgroup/unified
  mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
  mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
else
  mount -t cgroup2 cgroup2 sys/fs/cgroup
fi
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
# The repository may be in what was covered just now, in a file system of its own, or where no service may look.
mkdir -p opt/ostler
mount --bind "$2" opt/ostler
mount -o remount,ro,bind opt/ostler
for unit in sysctl binfmt modules-load tmpfiles-setup-dev udevd timesyncd; do
  ln -sf /dev/null "etc/systemd/system/systemd-$unit.service"
done
export container=podman
pivot_root . mnt
umount -l /mnt
exec /lib/systemd/systemd --unit=basic.target --log-level=warning
`;

const repository = fileURLToPath(new URL("../../../", import.meta.url)).replace(/\/$/, "");

/** Hierarchies in which systemd makes its groups: below one of ours, so that none is left over. */
const hierarchies = ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"];

/** $1 is the name of the group, the rest what runs in it. */
const inGroup = `
name=$1
shift
for tree in ${hierarchies.join(" ")}; do
  if [ -w "$tree/cgroup.procs" ]; then mkdir -p "$tree/$name" && echo $$ >"$tree/$name/cgroup.procs"; fi
done
exec "$@"
`;

export class Booted implements AsyncDisposable {
  readonly #directory: string;
  readonly #group: string;
  readonly #unshare: ChildProcess;
  #pid = 0;

  /** Resolves when systemd has reached its target. */
  static async boot(): Promise<Booted> {
    const directory = mkdtempSync(join(tmpdir(), "ostler-boot-"));
    const group = `ostler-test-${process.pid}`;
    const isolation = ["--fork", "--pid", "--mount", "--mount-proc", "--uts", "--ipc", "--cgroup", "--kill-child"];
    const command = ["unshare", ...isolation, "sh", "-c", boot, "sh", directory, repository];
    const booted = new Booted(
      directory,
      group,
      spawn("sh", ["-c", inGroup, "sh", group, ...command], { stdio: "ignore" }),
    );
    try {
      await until(() => booted.#findPid(), "systemd is there");
      await until(
        () => booted.run("systemctl", "is-active", "basic.target").stdout.trim() === "active",
        "systemd has booted",
        60_000,
      );
    } catch (failure) {
      await booted[Symbol.asyncDispose]();
      throw failure;
    }
    return booted;
  }

  private constructor(directory: string, group: string, unshare: ChildProcess) {
    this.#directory = directory;
    this.#group = group;
    this.#unshare = unshare;
  }

  /** Its root directory, as it is reached from here. */
  get root(): string {
    return `/proc/${this.#pid}/root`;
  }

  /** The pid that a child of its systemd, which has this one in there, has here. */
  pidHere(pid: number): number {
    const found = childrenOf(this.#pid).find((child) =>
      new RegExp(`^NSpid:.*\\t${pid}$`, "m").test(readFileSync(`/proc/${child}/status`, "latin1")),
    );
    if (found === undefined) throw new Error(`systemd has no child ${pid}`);
    return found;
  }

  /** Runs a program in there. */
  run(...command: string[]): { code: number; stdout: string; stderr: string } {
    const enter = ["--target", String(this.#pid), "--pid", "--mount", "--uts", "--ipc", "--cgroup"];
    const { status, stdout, stderr } = spawnSync("nsenter", [...enter, ...command], { encoding: "utf8" });
    return { code: status ?? -1, stdout, stderr };
  }

  /** Runs a shell script in there; throws when it fails. */
  shell(script: string): string {
    const { code, stdout, stderr } = this.run("sh", "-c", script);
    if (code !== 0) throw new Error(`${script} ended with ${code}: ${stderr}`);
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#unshare, "exit");
    if (this.#unshare.kill("SIGKILL")) await ended;
    for (const tree of hierarchies) await until(() => removeTree(join(tree, this.#group)));
    rmSync(this.#directory, { recursive: true });
  }

  #findPid(): boolean {
    this.#pid = childrenOf(this.#unshare.pid)[0] ?? 0;
    return this.#pid > 0 && readFileSync(`/proc/${this.#pid}/comm`, "utf8").trim() === "systemd";
  }
}

function childrenOf(pid = 0): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children
    .split(" ")
    .map(Number)
    .filter((child) => child > 0);
}

/** Groups are directories that can be removed when they are empty; false while a process in one of them is ending. */
function removeTree(directory: string): boolean {
  if (!existsSync(directory)) return true;
  for (const entry of readdirSync(directory, { withFileTypes: true }))
    if (entry.isDirectory() && !removeTree(join(directory, entry.name))) return false;
  try {
    rmdirSync(directory);
    return true;
  } catch {
    return false;
  }
}
