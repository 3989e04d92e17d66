import { OstlerError, notFound, type TaskResult, durationInWords } from "@ostler/protocol";
import { Client } from "./client.js";
import { controlSocket, type Globals } from "./globals.js";
import { paint, print, printJson, table } from "./output.js";
import { durationOf } from "./service.js";

type Options = Globals & { reason?: string; timeout?: string };
type Task = { service: string; name: string; command: string[]; timeout: number };

/** The tasks of all services, or of one. */
export async function listTasks(globals: Globals, service: string | undefined): Promise<number> {
  const { services, tasks } = await tasksOf(new Client(controlSocket(globals)));
  if (service !== undefined && !services.includes(service)) throw notFound("service", service, services);
  const chosen = tasks.filter((task) => service === undefined || task.service === service);
  if (globals.json) printJson(chosen);
  else if (chosen.length === 0) print("No tasks are configured.");
  else
    print(
      table([
        ["TASK", "TIMEOUT", "COMMAND"],
        ...chosen.map((task) => [
          paint("bold", `${task.service}/${task.name}`),
          durationInWords(task.timeout),
          task.command.join(" "),
        ]),
      ]),
    );
  return 0;
}

/** Runs a task to its end, and prints what it wrote: all of it that was kept, on the streams on which it came. */
export async function runTask(options: Options, target: string): Promise<number> {
  const { reason, timeout } = options;
  const client = new Client(controlSocket(options));
  const args = await targetOf(client, target);
  const limits = {
    ...(reason === undefined ? {} : { reason }),
    ...(timeout === undefined ? {} : { timeoutMs: durationOf(timeout) }),
  };
  try {
    const result = await client.run("task.run", args, limits);
    if (options.json) printJson(result);
    else show(result.data as TaskResult);
    return 0;
  } catch (failure) {
    const { code, message, data } = OstlerError.from(failure);
    if (data !== undefined && options.json) printJson({ outcome: "failed", code, message, data });
    else if (data !== undefined) show(data as TaskResult);
    throw failure;
  }
}

/** `SERVICE/TASK`, or a task's name alone where only one service has it. @throws OstlerError `not-found`, `bad-request` */
async function targetOf(client: Client, target: string): Promise<{ service: string; task: string }> {
  const slash = target.indexOf("/");
  if (slash >= 0) return { service: target.slice(0, slash), task: target.slice(slash + 1) };
  const { tasks } = await tasksOf(client);
  const [first, ...others] = tasks.filter(({ name }) => name === target);
  const names = tasks.map(({ service, name }) => `${service}/${name}`);
  if (!first) throw notFound("task", target, names);
  if (others.length > 0)
    throw new OstlerError(
      "bad-request",
      `Several services have a task "${target}". Say which: ${names.filter((name) => name.endsWith(`/${target}`)).join(", ")}.`,
    );
  return { service: first.service, task: target };
}

/** The tasks of the agent that runs, which may have another configuration than the file. */
async function tasksOf(client: Client): Promise<{ services: string[]; tasks: Task[] }> {
  const { services } = (await client.get("/v1/config")) as {
    services: Record<string, { tasks: Record<string, Omit<Task, "service" | "name">> }>;
  };
  const tasks = Object.entries(services).flatMap(([service, config]) =>
    Object.entries(config.tasks).map(([name, { command, timeout }]) => ({ service, name, command, timeout })),
  );
  return { services: Object.keys(services), tasks };
}

function show({ stdout, stderr, clipped }: TaskResult): void {
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  if (clipped) process.stderr.write("ostler: it wrote more than is kept; the beginning is missing\n");
}
