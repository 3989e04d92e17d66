import { maintenanceOf, unreadyReasons, type Envelope, type HostState, type ServiceState } from "@ostler/protocol";
import { Client } from "./client.js";
import { controlSocket, type Globals } from "./globals.js";
import { print, printJson } from "./output.js";
import { chosen } from "./status.js";
import { crashPage } from "./crash-page.js";
import { eventLine } from "./event-line.js";
import { SettingPaths, type ServedService } from "./setting-paths.js";
import { whyProcess, type Answer } from "./why-process.js";
import { whyService } from "./why-service.js";
import { Story } from "./why-story.js";

/** Why a service does not run, is not ready, was restarted, by which rule, and when the next attempt is. */
export async function why(globals: Globals, name: string): Promise<number> {
  const client = new Client(controlSocket(globals));
  const state = await client.state();
  const [service] = Object.values(chosen(state, name));
  if (!service) return 1;
  const config = (await client.get("/v1/config")) as { services: Record<string, ServedService> };
  const story = new Story(name);
  const types = Story.types.map((type) => `type=${type}`).join("&");
  for await (const line of client.lines(`/v1/events?${types}`)) story.take(JSON.parse(line) as Envelope);
  const answers = answersTo(name, service, state, story, new SettingPaths(name, config.services[name]));
  const head = headline(service);
  if (globals.json)
    printJson({
      service: name,
      ready: service.ready,
      because: [head, ...answers.map(sentence)],
      answers,
      processes: service.processes,
      ...(story.crash ? { crash: story.crash.data } : {}),
      events: story.last,
    });
  else
    print(
      [head, ...lines(answers), ...crashPage(story.crash ? [story.crash] : []), "", ...story.last.map(eventLine)].join(
        "\n",
      ),
    );
  return 0;
}

function answersTo(
  name: string,
  service: ServiceState,
  state: HostState,
  { stoppedBy, restartedFor }: Story,
  paths: SettingPaths,
): Answer[] {
  const { isolation, attached } = service;
  const about = { service: name, paths, nowMs: Date.now(), isolation, attached };
  const around = { ...about, maintenance: maintenanceOf(state, name) };
  return [
    ...Object.entries(service.processes).flatMap(([process, its]) =>
      whyProcess(process, its, {
        ...around,
        stoppedBy: stoppedBy.get(process),
        restartedFor: restartedFor.get(process),
      }),
    ),
    ...whyService(service, state, around),
  ];
}

function headline(service: ServiceState): string {
  if (service.ready) return `It is ready, since ${service.since}.`;
  return `It is not ready: ${unreadyReasons(service).join("; ") || "it is about to be"}.`;
}

/** A line an answer; several about the same stand below each other. */
function lines(answers: readonly Answer[]): string[] {
  return answers.map((answer, at) => {
    const { about } = answer;
    const isFirst = answers[at - 1]?.about !== about;
    return isFirst ? `${about.replace("process ", "")}: ${sentence(answer)}` : `  ${sentence(answer)}`;
  });
}

function sentence({ says, rule }: Answer): string {
  const text = says.replace(/\.+$/, "");
  return rule === undefined ? `${text}.` : `${text}; rule: ${rule}.`;
}
