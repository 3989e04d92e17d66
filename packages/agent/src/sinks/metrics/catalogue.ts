import { Counter, Gauge, Histogram, type Registry } from "prom-client";

const ofBackup = ["service", "backup"];

/** Every metric there is, with its type, labels and help; docs/metrics.md is made from this. */
export const metrics = {
  build: gauge("ostler_build_info", "Always 1; what runs here", ["version", "node"]),
  agentStarted: gauge("ostler_agent_start_time_seconds", "When the agent started, in seconds since 1970"),
  degraded: gauge("ostler_degraded", "1 for each part of the agent that works only in a reduced way", ["part"]),
  events: counter("ostler_events_total", "Events published, by type", ["type"]),
  configApplied: gauge(
    "ostler_config_last_reload_success_timestamp_seconds",
    "When the running configuration was applied",
  ),
  configGood: gauge("ostler_config_last_reload_successful", "1 when the last reload succeeded, else 0"),
  serviceReady: gauge("ostler_service_ready", "1 when the service is ready, else 0", ["service"]),
  serviceIsolated: gauge("ostler_service_isolated", "1 while the service is isolated, else 0", ["service"]),
  serviceMaintenance: gauge(
    "ostler_service_maintenance",
    "1 while people work on the service or on the whole host, else 0",
    ["service"],
  ),
  processUp: gauge("ostler_process_up", "1 when the process runs, else 0", ["service", "process"]),
  processStarted: gauge(
    "ostler_process_start_time_seconds",
    "When the running process started; absent when none runs",
    ["service", "process"],
  ),
  processRestarts: counter("ostler_process_restarts_total", "Restarts of a process, whatever the cause", [
    "service",
    "process",
  ]),
  processExits: counter("ostler_process_exits_total", "Ends of a process, by how it ended", [
    "service",
    "process",
    "kind",
  ]),
  processStartFailures: counter(
    "ostler_process_start_failures_total",
    "Starts of a process that failed, by what kept it",
    ["service", "process", "kind"],
  ),
  processCpu: counter(
    "ostler_process_cpu_seconds_total",
    "CPU time of the process and everything that came from it, since it started or the agent did",
    ["service", "process"],
  ),
  processMemory: gauge(
    "ostler_process_resident_memory_bytes",
    "Resident memory of the process and everything that came from it; what they share counts in each",
    ["service", "process"],
  ),
  processFiles: gauge(
    "ostler_process_open_fds",
    "Open files of the process and everything that came from it; absent when they may not be seen",
    ["service", "process"],
  ),
  processThreads: gauge("ostler_process_threads", "Threads of the process and everything that came from it", [
    "service",
    "process",
  ]),
  processChildren: gauge(
    "ostler_process_children",
    "Processes that came from the process, by name; the rarest as `other` when there are more than ten names",
    ["service", "process", "name"],
  ),
  outputFreed: counter(
    "ostler_output_freed_bytes_total",
    "Output of a process that was given back to the disk, oldest first, because there was too much of it",
    ["service", "process", "stream"],
  ),
  checkUp: gauge("ostler_check_up", "1 when the check passes, 0 when it fails; absent until it has done either", [
    "service",
    "check",
    "role",
  ]),
  checkWarned: gauge(
    "ostler_check_warned",
    "1 while the check passes with a warning, else 0; absent until it has passed or failed",
    ["service", "check", "role"],
  ),
  checkSeconds: histogram(
    "ostler_check_duration_seconds",
    "How long probes took",
    ["service", "check"],
    [0.001, 0.005, 0.025, 0.1, 0.5, 2, 10],
  ),
  probes: counter("ostler_check_probes_total", "Probes, by result", ["service", "check", "result"]),
  alertFiring: gauge("ostler_alert_firing", "Alerts of the rule that fire now; absent when none does", [
    "service",
    "rule",
    "severity",
  ]),
  ruleBlind: gauge("ostler_rule_blind", "1 while the rule can see nothing, else absent", ["service", "rule"]),
  ruleBaseline: gauge("ostler_rule_baseline", "What the rule compares with", ["service", "rule"]),
  commands: counter("ostler_commands_total", "Commands that ended, by outcome; `rejected` never began", [
    "name",
    "outcome",
  ]),
  commandSeconds: histogram(
    "ostler_command_duration_seconds",
    "How long commands took",
    ["name"],
    [0.01, 0.1, 1, 10, 60, 600],
  ),
  controllers: gauge("ostler_controller_connected", "1 when the controller is connected, else 0", ["controller"]),
  journalBytes: gauge("ostler_journal_bytes", "Size of the journal on disk"),
  journalFirst: gauge("ostler_journal_first_seq", "Seq of the oldest event that can still be read"),
  journalLast: gauge("ostler_journal_last_seq", "Seq of the newest event that is safe on disk"),
  journalWrites: histogram(
    "ostler_journal_write_duration_seconds",
    "How long writes with fsync took",
    [],
    [0.001, 0.005, 0.025, 0.1, 0.5, 2],
  ),
  requests: counter("ostler_http_requests_total", "HTTP requests answered", ["route", "method", "status"]),
  requestSeconds: histogram(
    "ostler_http_request_duration_seconds",
    "How long HTTP requests took",
    ["route"],
    [0.001, 0.005, 0.025, 0.1, 0.5, 2],
  ),
  scrapeUp: gauge("ostler_scrape_up", "1 when the source of numbers answered when it was last asked, else 0", [
    "service",
    "source",
  ]),
  scrapeSeconds: gauge("ostler_scrape_duration_seconds", "How long the last look at a source of numbers took", [
    "service",
    "source",
  ]),
  scrapeSeries: gauge("ostler_scrape_series", "Series that a source of numbers shows here", ["service", "source"]),
  scrapeSuccess: gauge(
    "ostler_scrape_last_success_timestamp_seconds",
    "When the source of numbers last answered, in seconds since 1970; absent until it has",
    ["service", "source"],
  ),
  seriesDropped: counter(
    "ostler_series_dropped_total",
    "Series of the service's sources that were left out: there were too many, or they have the name of others",
    ["service"],
  ),
  logLines: counter("ostler_log_lines_total", "Lines of a source of `logs`", ["service", "source"]),
  logBytes: counter("ostler_log_bytes_total", "Bytes of a source of `logs`", ["service", "source"]),
  logMatches: counter("ostler_log_matches_total", "Lines that matched the pattern, told or not", [
    "service",
    "source",
    "pattern",
  ]),
  logMatchAge: gauge(
    "ostler_log_match_age_seconds",
    "Time since a line last matched the pattern, or since its service started or the agent began to look",
    ["service", "source", "pattern"],
  ),
  logRecent: gauge(
    "ostler_log_recent_matches",
    "Lines that matched within the window of the pattern's `rate`, for those groups that have most",
    ["service", "source", "pattern", "group"],
  ),
  backupAge: gauge("ostler_backup_age_seconds", "Since the last backup was made; absent when there was none", ofBackup),
  backupFiles: gauge("ostler_backup_files", "Files in the last backup", ofBackup),
  backupBytes: gauge("ostler_backup_size_bytes", "Of the files in the last backup", ofBackup),
  backupStored: gauge(
    "ostler_backup_stored_bytes",
    "What the last backup occupies, or added to its repository",
    ofBackup,
  ),
  backupSeconds: gauge("ostler_backup_duration_seconds", "How long the last backup took", ofBackup),
  backupFlawed: gauge(
    "ostler_backup_flawed",
    "1 when the last backup is empty, or something changed or vanished while it was read, else 0",
    ofBackup,
  ),
  backupDamaged: gauge(
    "ostler_backup_damaged",
    "How many backups of the set are known not to be what they were",
    ofBackup,
  ),
  backupVerifiedAge: gauge(
    "ostler_backup_verified_age_seconds",
    "Since a backup was last read back and was what it was; absent when none was",
    ofBackup,
  ),
  backupProvenAge: gauge(
    "ostler_backup_proven_age_seconds",
    "Since a backup was last proven to restore; absent when none was",
    ofBackup,
  ),
  backupFailed: gauge("ostler_backup_failed", "1 for what did not succeed with the backups when it was tried last", [
    ...ofBackup,
    "doing",
  ]),
  backupRunning: gauge(
    "ostler_backup_progress_ratio",
    "How far it is that is being done with the backups, from 0 to 1; absent when nothing is",
    [...ofBackup, "doing"],
  ),
  collectorSuccess: gauge(
    "ostler_collector_success",
    "1 when what is read for each scrape could be read by this collector, else 0",
    ["collector"],
  ),
  loopLag: gauge("ostler_event_loop_lag_seconds", "Longest delay of the agent's event loop since the last scrape"),
  residentBytes: gauge("process_resident_memory_bytes", "Resident memory of the agent"),
  cpuSeconds: counter("process_cpu_seconds_total", "User and system CPU time spent by the agent"),
  heapBytes: gauge("nodejs_heap_size_used_bytes", "JavaScript heap in use"),
  gcSeconds: histogram(
    "nodejs_gc_duration_seconds",
    "How long garbage collections held up the agent, by kind",
    ["kind"],
    [0.001, 0.01, 0.1, 1, 2],
  ),
};

export type MetricSpec = {
  name: string;
  help: string;
  labels: readonly string[];
  type: "counter" | "gauge" | "histogram";
  buckets?: number[];
};

/** The metrics as prom-client's objects, in a registry of their own. */
export type Instruments = {
  [K in keyof typeof metrics]: (typeof metrics)[K] extends { type: "counter" }
    ? Counter
    : (typeof metrics)[K] extends { type: "histogram" }
      ? Histogram
      : Gauge;
};

/** `touched` hears the name of each metric that changes. */
export function instrumentsIn(registry: Registry, touched: (name: string) => void): Instruments {
  return Object.fromEntries(
    Object.entries(metrics).map(([key, spec]) => [key, telling(instrument(spec, registry), () => touched(spec.name))]),
  ) as Instruments;
}

const changing = ["inc", "dec", "set", "observe", "remove", "reset"] as const;

/** Calls `touched` before each change of the metric. */
function telling<T extends Counter | Gauge | Histogram>(metric: T, touched: () => void): T {
  const methods = metric as unknown as Partial<Record<(typeof changing)[number], (...args: unknown[]) => unknown>>;
  for (const name of changing) {
    const change = methods[name]?.bind(metric);
    if (!change) continue;
    methods[name] = (...args) => {
      touched();
      return change(...args);
    };
  }
  return metric;
}

function instrument(
  { name, help, labels, type, buckets }: MetricSpec,
  registry: Registry,
): Counter | Gauge | Histogram {
  const configuration = { name, help, labelNames: [...labels], registers: [registry] };
  switch (type) {
    case "counter":
      return new Counter(configuration);
    case "gauge":
      return new Gauge(configuration);
    case "histogram":
      return new Histogram({ ...configuration, ...(buckets ? { buckets } : {}) });
    default:
      return type satisfies never;
  }
}

function counter(name: string, help: string, labels: readonly string[] = []): MetricSpec & { type: "counter" } {
  return { name, help, labels, type: "counter" };
}

function gauge(name: string, help: string, labels: readonly string[] = []): MetricSpec & { type: "gauge" } {
  return { name, help, labels, type: "gauge" };
}

function histogram(
  name: string,
  help: string,
  labels: readonly string[],
  buckets: number[],
): MetricSpec & { type: "histogram" } {
  return { name, help, labels, type: "histogram", buckets };
}
