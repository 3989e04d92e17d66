/** The key of an alert in the state: the rule, and where it looks at each series by itself, the labels: `queue{name="a"}`. */
export function alertKey({
  rule,
  labels,
}: {
  rule: string;
  labels?: Readonly<Record<string, string>> | undefined;
}): string {
  const pairs = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return pairs.length === 0
    ? rule
    : `${rule}{${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",")}}`;
}
