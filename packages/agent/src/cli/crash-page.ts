import {
  bytesInWords,
  endInWords,
  eventOf,
  isHostEvent,
  type Envelope,
  type EventData,
  durationInWords,
} from "@ostler/protocol";

/** The last crash among some events as a page for people; nothing when there is none. */
export function crashPage(story: readonly Envelope[]): string[] {
  const last = story.map(eventOf).findLast((event) => event.type === "service.crashed");
  if (!last || !isHostEvent(last) || last.type !== "service.crashed") return [];
  const { process, run, uptimeMs, peaks, changed, core, output } = last.data;
  return [
    "",
    `The last crash: run ${run} of ${process} ${endInWords(last.data)}, after ${durationInWords(uptimeMs)}.`,
    ...(peaks ? [`It used at most ${peaksInWords(peaks)}.`] : []),
    ...changeLines(changed),
    ...(core === undefined ? [] : [`Its core: ${core}`]),
    ...said("stderr", output.stderr),
    ...said("stdout", output.stdout),
  ];
}

function peaksInWords(peaks: NonNullable<EventData<"service.crashed">["peaks"]>): string {
  const { residentBytes, cpuPercent, openFiles, threads } = peaks;
  const parts = [
    `${bytesInWords(residentBytes)} of memory`,
    `${threads} threads`,
    ...(cpuPercent === undefined ? [] : [`${cpuPercent.toFixed(0)} % of a core`]),
    ...(openFiles === undefined ? [] : [`${openFiles} open files`]),
  ];
  return parts.join(", ");
}

function changeLines(changed: EventData<"service.crashed">["changed"]): string[] {
  if (!changed) return ["It has never run well."];
  const { since, config, settings, environment, files = [] } = changed;
  const which = settings.length > 0 ? `: ${settings.join(", ")}` : "";
  return [
    `It ran well until ${since}, with ${config ? `another configuration${which}` : "this configuration"}.`,
    ...(environment ? environmentLines(environment) : []),
    ...files.map(fileLine),
  ];
}

type Changed = NonNullable<EventData<"service.crashed">["changed"]>;

/** Names only: values are nobody's business. */
function environmentLines({ added, removed, changed }: NonNullable<Changed["environment"]>): string[] {
  const kinds = Object.entries({ added, removed, changed }).filter(([, names]) => names.length > 0);
  if (kinds.length === 0) return [];
  return [`Its environment is another one: ${kinds.map(([kind, names]) => `${names.join(", ")} ${kind}`).join("; ")}.`];
}

function fileLine({ word, from, to }: NonNullable<Changed["files"]>[number]): string {
  if (from.path !== to.path) return `${word} was ${from.path} then, and is ${to.path} now.`;
  const sizes = from.bytes === to.bytes ? "" : ` from ${bytesInWords(from.bytes)} to ${bytesInWords(to.bytes)}`;
  return `${to.path} was written anew${sizes}, at ${to.modified}.`;
}

function said(stream: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`Its last lines on ${stream}:`, ...lines.map((line) => `  ${line}`)];
}
