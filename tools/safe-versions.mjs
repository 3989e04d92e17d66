// Where no audit of the registry can be asked, this list is what keeps known holes out: the least safe version of each
// package that the agent ships, and that the lockfile holds it. Update it with each advisory (see SECURITY.md).
import { readFileSync } from "node:fs";

const least = {
  ws: "8.23.0", // memory exhaustion by tiny fragments before 8.21.0, follow-ups until 8.23.0
  zod: "4.0.0",
  yaml: "2.2.2", // uncaught exception on a crafted document before
  pino: "9.0.0",
  "prom-client": "15.0.0",
  commander: "14.0.0",
  "json-p3": "2.0.0",
  systeminformation: "5.33.23", // command injections by what the host is named: CVE-2026-50289 before 5.31.7 is the last of many
  "node-cron": "4.5.0", // endless loop at a change of summer time before 4.3.0
  tail: "2.2.6",
};

const { packages } = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8"));
const shipped = ["protocol", "sdk", "agent"].map((name) => packages[`packages/${name}`].dependencies ?? {});

const problems = [
  ...Object.entries(least).flatMap(([name, version]) =>
    Object.entries(packages)
      .filter(([path, its]) => path.endsWith(`node_modules/${name}`) && isBefore(its.version, version))
      .map(([path, its]) => `${path} is ${its.version}; the least safe version is ${version}`),
  ),
  ...shipped
    .flatMap(Object.entries)
    .flatMap(([name, range]) => [
      ...(/^\d+\.\d+\.\d+$/.test(range) ? [] : [`${name} is wanted as ${range}; ship exact versions`]),
      ...(name in least || name.startsWith("@ostler/")
        ? []
        : [`${name} has no least safe version in tools/safe-versions.mjs`]),
    ]),
  ...Object.entries(packages)
    .filter(([, its]) => /^https?:/.test(its.resolved ?? ""))
    .map(
      ([path]) =>
        `${path} names the registry it came from; make the lockfile without (omit-lockfile-registry-resolved)`,
    ),
];
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;

function isBefore(version, other) {
  const [a, b] = [version, other].map((text) => text.split(".").map(Number));
  const at = a.findIndex((part, index) => part !== b[index]);
  return at >= 0 && a[at] < b[at];
}
