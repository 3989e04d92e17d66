/** What templates in checks know without a capture; `env:NAME` besides. */
export const givenNames = ["uuid", "now", "now:unix"];
const environmentName = /^env:([A-Za-z_][A-Za-z0-9_]*)$/;

/** The variable of the agent's environment that a name stands for; nothing for other names. */
export function variableOf(name: string): string | undefined {
  return environmentName.exec(name)?.[1];
}

export function isKnown(name: string, known: ReadonlySet<string>): boolean {
  return known.has(name) || environmentName.test(name);
}

export function unknownName(name: string, known: ReadonlySet<string>): string {
  return `{{${name}}} is not known here; known are ${[...known].join(", ")} and env:NAME`;
}
