import {
  awaitsInWords,
  endInWords,
  limitInWords,
  maintenanceInWords,
  maintenanceOf,
  unreadyReasons,
  type Envelope,
  type ProcessState,
  type ServiceState,
} from "@ostler/protocol";
import { Client } from "./client.js";
import { controlSocket, type Globals } from "./globals.js";
import { inWords, print, printJson } from "./output.js";
import { chosen } from "./status.js";
import { crashPage } from "./crash-page.js";
import { eventLine } from "./event-line.js";

/** How many of its last events an answer shows. */
const shownEvents = 10;

/** Why a service does not run, is not ready, was restarted, and when the next attempt is. */
export async function why(globals: Globals, name: string): Promise<number> {
  const client = new Client(controlSocket(globals));
  const state = await client.state();
  const [service] = Object.values(chosen(state, name));
  if (!service) return 1;
  const story: Envelope[] = [];
  const crashes: Envelope[] = [];
  for await (const line of client.lines("/v1/events?type=service.*&type=check.*")) {
    const event = JSON.parse(line) as Envelope;
    if (event.data.service !== name) continue;
    if (event.type === "ostler.service.crashed") crashes.splice(0, 1, event);
    story.push(event);
    if (story.length > shownEvents) story.shift();
  }
  const maintenance = maintenanceOf(state, name);
  const working = maintenance ? [`It is ${maintenanceInWords(maintenance)}.`] : [];
  if (globals.json)
    printJson({
      service: name,
      ready: service.ready,
      because: [...reasons(service), ...working],
      processes: service.processes,
      ...(crashes[0] ? { crash: crashes[0].data } : {}),
      events: story,
    });
  else print([...reasons(service), ...working, ...crashPage(crashes), "", ...story.map(eventLine)].join("\n"));
  return 0;
}

function reasons(service: ServiceState): string[] {
  const unready = unreadyReasons(service);
  const head = service.ready
    ? `It is ready, since ${service.since}.`
    : `It is not ready: ${unready.join("; ") || "it is about to be"}.`;
  return [
    head,
    ...Object.entries(service.processes).map(
      ([process, its]) => `${process}: ${sentence(its, service.isolation !== undefined)}`,
    ),
  ];
}

function sentence(
  { phase, restarts, lastRestart, lastExit, crashLoop, marker, exceeded = {} }: ProcessState,
  isolated: boolean,
): string {
  return [
    phaseSentence(phase, { looping: crashLoop !== undefined, isolated }),
    crashLoop
      ? `It is in a crash loop since ${crashLoop.since}: until it has been ready for restart.stable_after, or somebody starts it, it is restarted seldom; rule: restart.crash_loop.`
      : "",
    marker ? markerSentence(marker) : "",
    ...Object.entries(exceeded).map(
      ([watch, limit]) => `It is beyond a limit since ${limit.since}: ${limitInWords(limit)}; rule: watch ${watch}.`,
    ),
    lastExit
      ? `Run ${lastExit.run} ${endInWords(lastExit)} at ${lastExit.at}, after ${inWords(lastExit.uptimeMs)}${lastExit.expected ? ", as asked" : ""}.`
      : "",
    lastRestart
      ? `It was last restarted at ${lastRestart.at}, because ${lastRestart.because} (${restarts} in all).`
      : "",
  ]
    .filter((part) => part !== "")
    .join(" ");
}

function markerSentence({ run, match, seen, at }: NonNullable<ProcessState["marker"]>): string {
  if (seen) return `Run ${run} wrote what its marker "${match}" looks for, at ${at}.`;
  return `Run ${run} had not written what its marker "${match}" looks for when its time was over, at ${at}.`;
}

function phaseSentence(
  phase: ProcessState["phase"],
  { looping, isolated }: { looping: boolean; isolated: boolean },
): string {
  switch (phase.name) {
    case "running":
      return `It runs, pid ${phase.pid}, since ${phase.since}.`;
    case "stopping":
      return `It is being stopped, pid ${phase.pid}.`;
    case "stopped":
      return isolated
        ? "It is stopped, and stays so until `ostler release`."
        : "It was stopped, and stays so until `ostler start`.";
    case "waiting":
      return `It waits for attempt ${phase.attempt} at ${phase.until}, because ${phase.because}; rule: ${looping ? "restart.crash_loop" : "restart.backoff"}.`;
    case "deferred":
      return `It waits for ${awaitsInWords(phase.awaits)}; rule: after.`;
    case "scheduled":
      return "It waits for its time; rule: cron.";
    case "completed":
      return "It completed; rule: restart.policy lets it rest.";
    case "gave-up":
      return `It is not restarted: ${phase.reason}.`;
    case "exited":
      return "It has just ended.";
    default:
      return phase satisfies never;
  }
}
