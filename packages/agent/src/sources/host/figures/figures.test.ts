import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import type { Family } from "@ostler/protocol";
import { tempDir } from "../../../testing/temp-dir.js";
import { cpuFigures } from "./cpu.js";
import { diskFigures } from "./disks.js";
import { shownMounts } from "./filesystems.js";
import { kernelFigures } from "./kernel.js";
import { memoryFigures } from "./memory.js";
import { networkFigures } from "./network.js";
import { pressureFigures } from "./pressure.js";
import { temperatureFigures } from "./temperature.js";

/** Every point as `name{labels} value`, without what all names begin with. */
function shown(families: readonly Family[]): string[] {
  return families.flatMap(({ points }) =>
    points.map(({ name, labels, value }) => {
      const pairs = Object.entries(labels).map(([key, text]) => `${key}=${text}`);
      return `${name.replace("ostler_host_", "")}${pairs.length > 0 ? `{${pairs.join()}}` : ""} ${value}`;
    }),
  );
}

const stat = (user: number, idle: number): string =>
  `cpu  ${user} 0 100 ${idle} 50 0 25 0 9 9\ncpu0 1 0 0 0 0 0 0 0 0 0\ncpu1 1 0 0 0 0 0 0 0 0 0\n` +
  "ctxt 777\nbtime 1700000000\nprocesses 42\nprocs_running 3\nprocs_blocked 1\n";

test("CPU time is counted by what it was spent on, and its busy share between two looks", () => {
  using dir = tempDir();
  const path = dir.write("stat", stat(1000, 2000));
  const read = cpuFigures(path);
  const first = shown(read());
  assert.ok(first.includes("cpu_seconds_total{mode=user} 10"));
  assert.ok(first.includes("cpu_seconds_total{mode=iowait} 0.5"));
  assert.deepEqual(
    first.filter((line) => !line.startsWith("cpu_seconds")),
    [
      "cpus 2",
      "context_switches_total 777",
      "forks_total 42",
      "processes_running 3",
      "processes_blocked 1",
      "boot_time_seconds 1700000000",
    ],
  );
  dir.write("stat", stat(1500, 2500));
  assert.ok(shown(read()).includes("cpu_busy_ratio 0.5"));
  assert.ok(!shown(read()).some((line) => line.startsWith("cpu_busy")), "in no time nothing is busy or idle");
});

test("memory that is not available is used, whatever is free", () => {
  using dir = tempDir();
  const meminfo = "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    250 kB\nSwapTotal: 0 kB\n";
  assert.deepEqual(shown(memoryFigures(dir.write("meminfo", meminfo))()), [
    "memory_size_bytes 1024000",
    "memory_available_bytes 256000",
    "memory_free_bytes 102400",
    "memory_used_ratio 0.75",
    "swap_size_bytes 0",
  ]);
});

test("disks are counted as a whole: no partitions, no loops", () => {
  using dir = tempDir();
  const row = (name: string): string => `   8  0 ${name} 10 1 200 3000 40 5 600 7000 2 8000 9000`;
  const rows = ["loop0", "sda", "sda1", "nvme0n1", "nvme0n1p2", "vdb", "md0", "ram3"].map(row).join("\n");
  const lines = shown(diskFigures(dir.write("diskstats", rows))());
  assert.deepEqual(
    lines.filter((line) => line.startsWith("disk_reads_total")),
    ["sda", "nvme0n1", "vdb", "md0"].map((device) => `disk_reads_total{device=${device}} 10`),
  );
  for (const line of [
    "disk_read_bytes_total{device=sda} 102400",
    "disk_written_bytes_total{device=sda} 307200",
    "disk_read_seconds_total{device=sda} 3",
    "disk_io_seconds_total{device=sda} 8",
    "disk_io_now{device=sda} 2",
  ])
    assert.ok(lines.includes(line), line);
});

test("every interface says what went through it, also one whose numbers touch its name", () => {
  using dir = tempDir();
  const table =
    "Inter-| Receive\n face |bytes\n  lo: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\neth0:11 12 13 14 0 0 0 0 15 16 17 18 0 0 0 0\n";
  const lines = shown(networkFigures(dir.write("dev", table))());
  assert.ok(lines.includes("network_receive_bytes_total{device=eth0} 11"));
  assert.ok(lines.includes("network_transmit_dropped_total{device=lo} 8"));
  assert.equal(lines.length, 16);
});

test("pressure is told where the kernel measures it, and is absent where it does not", () => {
  using dir = tempDir();
  dir.write("memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\nfull avg10=0.00 total=500000\n");
  assert.deepEqual(shown(pressureFigures(dir.path)()), [
    "pressure_waiting_seconds_total{resource=memory} 1.5",
    "pressure_stalled_seconds_total{resource=memory} 0.5",
  ]);
  assert.deepEqual(shown(pressureFigures(dir.at("nowhere"))()), []);
});

test("kills for lack of memory and open files are told", () => {
  using dir = tempDir();
  const read = kernelFigures(dir.write("vmstat", "nr_free 1\noom_kill 4\n"), dir.write("file-nr", "1200\t0\t9000\n"));
  assert.deepEqual(shown(read()), ["oom_kills_total 4", "open_files 1200", "open_files_max 9000"]);
});

test("sensors are told by their names, and those that do not answer not at all", () => {
  using dir = tempDir();
  for (const place of ["thermal/thermal_zone0", "hwmon/hwmon0"]) mkdirSync(dir.at(place), { recursive: true });
  dir.write("thermal/thermal_zone0/type", "x86_pkg\n");
  dir.write("thermal/thermal_zone0/temp", "45500\n");
  dir.write("hwmon/hwmon0/name", "nvme\n");
  dir.write("hwmon/hwmon0/temp1_input", "38000\n");
  dir.write("hwmon/hwmon0/temp1_label", "Composite\n");
  mkdirSync(dir.at("hwmon/hwmon0/temp2_input"));
  assert.deepEqual(shown(temperatureFigures(dir.path)()), [
    "temperature_celsius{sensor=thermal_zone0 x86_pkg} 45.5",
    "temperature_celsius{sensor=nvme Composite} 38",
  ]);
});

test("only file systems with space of their own are looked at, each place once, by its real name", () => {
  const mounts = shownMounts(
    "proc /proc proc rw 0 0\n/dev/sda1 / ext4 rw,relatime 0 0\n/dev/sdb1 /my\\040disk xfs ro,noatime 0 0\n" +
      "old /mnt ext4 rw 0 0\nserver:/x /mnt nfs4 rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
  );
  assert.deepEqual(
    mounts.map(({ mountpoint, fstype, isReadOnly }) => `${mountpoint} ${fstype} ${isReadOnly}`),
    ["/ ext4 false", "/my disk xfs true", "/mnt nfs4 false"],
  );
});
