import { isolationInWords, OstlerError, own, type HostState } from "@ostler/protocol";

/** An isolated service is started by nobody: not by a person, a policy or a controller. @throws OstlerError `isolated` */
export function refuseIsolated(service: string, { services }: HostState): void {
  const isolation = own(services, service)?.isolation;
  if (isolation)
    throw new OstlerError(
      "isolated",
      `${service} was ${isolationInWords(isolation)}. It can be started after \`ostler release ${service}\`.`,
    );
}
