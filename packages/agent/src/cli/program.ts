import { errorCodes, OstlerError } from "@ostler/protocol";
import { Command, CommanderError } from "commander";
import { buildInfo } from "../build.js";
import { failureLines } from "./output.js";

/** Gets its options and arguments from commander; what it returns is the exit code. */
type Action = (options: never, ...args: never[]) => Promise<number>;

/** The command line: finds the command, and turns whatever goes wrong into one line and an exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = new Command("ostler");
  /** Loads a command's file only when it is called, so that `run` starts quickly. */
  const doing =
    (load: () => Promise<Action>) =>
    async (...given: unknown[]): Promise<void> => {
      const command = given.at(-1) as Command;
      const act = await load();
      exitCode = await act(command.optsWithGlobals<never>(), ...(given.slice(0, -1) as never[]));
    };
  describe(program, doing);
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (failure) {
    if (failure instanceof CommanderError) return failure.exitCode === 0 ? 0 : 2;
    const { code, message } = OstlerError.from(failure);
    process.stderr.write(failureLines(code, message, argv.includes("--json")));
    return errorCodes[code].exit;
  }
}

function describe(
  program: Command,
  doing: (load: () => Promise<Action>) => (...given: unknown[]) => Promise<void>,
): void {
  program
    .description("Looks after the services of this host.")
    .option("-c, --config <file>", "configuration file; else $OSTLER_CONFIG, /etc/ostler/ostler.yaml or ./ostler.yaml")
    .option("--socket <path>", "control socket of a running agent")
    .option("--json", "print JSON")
    .option("--build-info", "print what was built, and from what, as JSON")
    .version(`ostler ${buildInfo().version} (${buildInfo().gitSha})`, "--version", "print the version")
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text) })
    .action(doing(async () => (await import("./info.js")).info));

  const command = (name: string, about: string): Command => program.command(name).description(about).exitOverride();

  command("run", "the agent, in the foreground").action(doing(async () => (await import("./run.js")).run));
  command("validate", "every problem of the configuration")
    .alias("validate-config")
    .option("--preflight", "look for programs, directories, ports and certificates too")
    .action(doing(async () => (await import("./validate.js")).validate));
  const config = command("config", "show or compare configurations");
  config
    .command("show")
    .description("the configuration, secrets hidden")
    .option("--effective", "of the running agent, every default included")
    .exitOverride()
    .action(doing(async () => (await import("./config.js")).showConfig));
  config
    .command("plan [file]")
    .description("what a reload to a file would do, setting by setting")
    .exitOverride()
    .action(doing(async () => (await import("./config.js")).planConfig));
  command("status [service]", "state of the services")
    .option("--check", "exit with 7 when not everything is ready")
    .action(doing(async () => (await import("./status.js")).status));
  command("health", "one page about everything").action(doing(async () => (await import("./health.js")).health));
  command("why <service>", "why it does not run, is not ready, or was restarted").action(
    doing(async () => (await import("./why.js")).why),
  );
  for (const verb of ["start", "stop", "restart"] as const)
    command(`${verb} <service>`, `${verb} a service, or one process as SERVICE/PROCESS`)
      .option("--reason <text>", "kept with the command")
      .option("--timeout <duration>", "how long to wait for it, like 30s")
      .action(doing(async () => (await import("./service.js")).actOn(verb)));
  command("scale <process> <instances>", "run so many instances of a process, as SERVICE/PROCESS")
    .option("--reason <text>", "why, for those who read it later")
    .option("--timeout <duration>", "how long to wait")
    .action(doing(async () => (await import("./scale.js")).scale));
  command("isolate <service>", "stop a service and keep it stopped, whatever happens, until it is released")
    .requiredOption("--reason <text>", "why; shown to everybody who wonders")
    .option("--timeout <duration>", "how long to wait for it, like 30s")
    .action(doing(async () => (await import("./service.js")).actOn("isolate")));
  command("release <service>", "let an isolated service run again")
    .option("--reason <text>", "kept with the command")
    .option("--timeout <duration>", "how long to wait for it, like 30s")
    .action(doing(async () => (await import("./service.js")).actOn("release")));
  const maintenance = command("maintenance", "times in which nothing is restarted by itself");
  maintenance
    .command("on [service]")
    .description("of a service, or of the whole host")
    .requiredOption("--for <duration>", "when it ends by itself, like 30m")
    .requiredOption("--reason <text>", "why; shown to everybody who wonders")
    .exitOverride()
    .action(doing(async () => (await import("./maintenance.js")).beginMaintenance));
  maintenance
    .command("off [service]")
    .description("end it before its time")
    .exitOverride()
    .action(doing(async () => (await import("./maintenance.js")).endMaintenance));
  const debug = command("debug", "a service with another environment, for a time");
  debug
    .command("on <service>")
    .description("restart it with the environment of its `debug`, and again without it when the time is over")
    .option("--for <duration>", "how long, like 15m; that of the configuration when absent")
    .requiredOption("--reason <text>", "why; kept with the command")
    .exitOverride()
    .action(doing(async () => (await import("./debug.js")).beginDebug));
  debug
    .command("off <service>")
    .description("restart it with its usual environment before the time is over")
    .exitOverride()
    .action(doing(async () => (await import("./debug.js")).endDebug));
  command("reload", "read the configuration again, and say what came of it").action(
    doing(async () => (await import("./reload.js")).reload),
  );
  command("events", "what happened")
    .option("-f, --follow", "and what happens from now on")
    .option("--since <time>", "only since then: 1h, today, 2026-11-21T10:00")
    .option("--type <glob...>", "only these types, like 'service.*'")
    .option("--from <seq>", "only from this seq on")
    .action(doing(async () => (await import("./events.js")).events));
  describeLogs(command, doing);
  const backup = command("backup", "backups of the services");
  backup
    .command("create <set>")
    .description("make a backup of SERVICE/NAME, verify it, and remove those that are not to be kept")
    .option("--reason <text>", "why; recorded")
    .exitOverride()
    .action(doing(async () => (await import("./backup.js")).createBackup));
  backup
    .command("list [set]")
    .description("the backups there are, newest first")
    .exitOverride()
    .action(doing(async () => (await import("./backup.js")).listBackups));
  backup
    .command("verify <set-or-id>")
    .description("read a backup back and compare every file")
    .option("--reason <text>", "why; recorded")
    .exitOverride()
    .action(doing(async () => (await import("./backup.js")).verifyBackup));
  backup
    .command("restore <set-or-id>")
    .description("restore a backup into place, or into a directory")
    .option("--to <dir>", "into this directory, which is empty or not there")
    .option("--only <glob...>", "only what matches, as `/var/lib/x/**`")
    .option("--stop", "stop the service for it, and start it afterwards")
    .option("--yes", "do not ask")
    .option("--reason <text>", "why; recorded")
    .exitOverride()
    .action(doing(async () => (await import("./backup.js")).restoreBackup));
  backup
    .command("drill <set-or-id>")
    .description("prove that a backup restores, in a directory of its own")
    .option("--reason <text>", "why; recorded")
    .exitOverride()
    .action(doing(async () => (await import("./backup.js")).drillBackup));
  backup
    .command("prune <set>")
    .description("remove backups that are not to be kept any longer")
    .option("--dry-run", "only say which, and why others are kept")
    .option("--reason <text>", "why; recorded")
    .exitOverride()
    .action(doing(async () => (await import("./backup.js")).pruneBackups));
  const task = command("task", "named commands of the configuration");
  task
    .command("list [service]")
    .description("the tasks there are")
    .exitOverride()
    .action(doing(async () => (await import("./task.js")).listTasks));
  task
    .command("run <task>")
    .description("run SERVICE/TASK, or TASK where only one service has it, and print what it wrote")
    .option("--reason <text>", "kept with the command")
    .option("--timeout <duration>", "end it after this time, like 30s, also when it may take longer")
    .exitOverride()
    .action(doing(async () => (await import("./task.js")).runTask));
  command("check", "the checks of the configuration")
    .command("run <check>")
    .description("ask SERVICE/CHECK, or CHECK where only one service has it, once, now")
    .exitOverride()
    .action(doing(async () => (await import("./check.js")).runCheck));
  const rules = command("rules", "what raises an alert");
  rules
    .command("export")
    .description("the rules of the configuration file, for Prometheus")
    .exitOverride()
    .action(doing(async () => (await import("./exports/export.js")).exportRules));
  command("dashboard", "a dashboard of everything in the configuration")
    .command("export")
    .description("as JSON that Grafana imports")
    .exitOverride()
    .action(doing(async () => (await import("./exports/export.js")).exportDashboard));
  command("scrape-config", "how Prometheus finds this agent").action(
    doing(async () => (await import("./exports/export.js")).exportScrapeConfig),
  );
  rules
    .command("baseline <rule>")
    .description("set what SERVICE/RULE compares with: what it sees now, or a value")
    .option("--value <number>", "compare with this value")
    .exitOverride()
    .action(doing(async () => (await import("./rules.js")).setBaseline));
  command("init", "make the agent's identity and directories, and say what they are").action(
    doing(async () => (await import("./init.js")).init),
  );
}

function describeLogs(
  command: (name: string, about: string) => Command,
  doing: (load: () => Promise<Action>) => (...given: unknown[]) => Promise<void>,
): void {
  command("logs [service]", "what a service, a process as SERVICE/PROCESS, or all of them wrote, in the order of time")
    .option("-f, --follow", "and what they write from now on")
    .option("-n, --lines <count>", "only the last so many, or `all`; 100 when neither this nor a time is given")
    .option("--since <time>", "only since then: 1h, today, 2026-11-21T10:00")
    .option("--until <time>", "only until then")
    .option("--grep <regex>", "only lines that match")
    .option("-i, --ignore-case", "whatever their case")
    .option("--level <level>", "only lines of this level or worse, like warning")
    .option("--process <process>", "only of this process, all instances of it")
    .option("--source <log>", "only of this log of the configuration")
    .option("-t, --timestamps", "with the time of each line")
    .option("--ansi", "with colours and whatever else they wrote for a terminal")
    .action(doing(async () => (await import("./logs.js")).logs));
}
