import type { HostEvent } from "@ostler/protocol";
import type { Instruments } from "./catalogue.js";

/** What an event adds to. Gauges are not here: they are read from the state. */
export function count(event: HostEvent, its: Instruments): void {
  switch (event.type) {
    case "service.restarted": {
      const { service, process } = event.data;
      return its.processRestarts.inc({ service, process });
    }
    case "service.exited": {
      const { service, process, exit } = event.data;
      return its.processExits.inc({ service, process, kind: exit.kind });
    }
    case "service.start-failed": {
      const { service, process, kind } = event.data;
      return its.processStartFailures.inc({ service, process, kind });
    }
    case "service.removed":
      return forget(event.data.service, its);
    case "command.rejected":
      return its.commands.inc({
        name: event.data.code === "unknown-command" ? "other" : event.data.name,
        outcome: "rejected",
      });
    case "command.finished": {
      const { name, outcome, tookMs } = event.data;
      its.commands.inc({ name, outcome });
      return its.commandSeconds.observe({ name }, tookMs / 1000);
    }
    case "config.applied":
      return its.configGood.set(1);
    case "config.rejected":
      return its.configGood.set(0);
  }
}

/** A service that is gone takes its series with it. */
function forget(service: string, its: Instruments): void {
  for (const metric of [
    its.processRestarts,
    its.processExits,
    its.processStartFailures,
    its.checkSeconds,
    its.probes,
  ] as const)
    for (const labels of labelsOf(metric)) if (labels.service === service) metric.remove(labels);
}

/** prom-client offers no list of label sets; its hash map is the same in every metric. */
function labelsOf(metric: Instruments[keyof Instruments]): Record<string, string>[] {
  const { hashMap } = metric as unknown as { hashMap: Record<string, { labels: Record<string, string> }> };
  return Object.values(hashMap).map(({ labels }) => labels);
}
