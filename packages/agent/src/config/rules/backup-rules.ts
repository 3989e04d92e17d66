import { durationInWords } from "@ostler/protocol";
import type { BackupConfig } from "../backups.js";
import type { Rule } from "./rules.js";

/** The metrics that rules of backups look at; see sinks/metrics/catalogue.ts. */
export const backupMetrics = {
  age: "ostler_backup_age_seconds",
  provenAge: "ostler_backup_proven_age_seconds",
} as const;

/** What the backups of a service raise alerts about; no rule of a person can have such a name. */
export function backupRules(sets: readonly BackupConfig[]): Rule[] {
  return sets.flatMap(({ name, max_age: maxAgeMs, drill }) => [
    ...olderThan(name, "age", backupMetrics.age, maxAgeMs, "the last backup"),
    ...olderThan(name, "proven", backupMetrics.provenAge, drill?.max_age, "the last backup that was proven to restore"),
  ]);
}

function olderThan(name: string, kind: string, metric: string, maxMs: number | undefined, what: string): Rule[] {
  if (maxMs === undefined) return [];
  const of = { metric, labels: { backup: name } };
  return [
    {
      name: `${name}:${kind}`,
      expr: {
        kind: "any",
        of: [
          { kind: "threshold", of, aggregate: undefined, op: ">", value: maxMs / 1000 },
          { kind: "absent", of },
        ],
      },
      forMs: 0,
      severity: "critical",
      summary: `${what} of ${name} is missing, or older than ${durationInWords(maxMs)}`,
    },
  ];
}
