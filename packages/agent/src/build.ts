import { fileURLToPath } from "node:url";

/** What was built, and from what. The bundler puts the values in; a plain build tells what it can. */
declare const __OSTLER_BUILD__:
  { version: string; gitSha: string; buildTime: string; dependencies: Record<string, string> } | undefined;

export type Build = {
  version: string;
  gitSha: string;
  node: string;
  platform: string;
  buildTime: string;
  features: string[];
  dependencies: Record<string, string>;
};

/** The program that finds out what the host is made of: it stands beside the agent. */
export function inventoryProgram(): string {
  return besideAgent("inventory");
}

/** The program that makes, verifies, extracts and copies archives. */
export function archiveProgram(): string {
  return besideAgent("archive");
}

function besideAgent(name: string): string {
  const suffix = typeof __OSTLER_BUILD__ === "undefined" ? "js" : "cjs";
  return fileURLToPath(new URL(`./${name}.${suffix}`, import.meta.url));
}

export function buildInfo(): Build {
  const made = typeof __OSTLER_BUILD__ === "undefined" ? undefined : __OSTLER_BUILD__;
  return {
    version: made?.version ?? "0.0.0-source",
    gitSha: made?.gitSha ?? "unknown",
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    buildTime: made?.buildTime ?? "unknown",
    features: [
      "supervisor",
      "checks:http,tcp,udp,quic,tls,dns,exec,redis,file,disk,socks5,transaction,metric,process,output,push",
      "numbers:prometheus,json,redis,exec,log",
      "rules",
      "controllers:ostler.v1+json",
      "tap:cloudevents.json",
    ],
    dependencies: made?.dependencies ?? {},
  };
}
