import type { Labels } from "@ostler/protocol";

/** Labels beside others of ours: one of theirs with the name of one of ours is kept as `exported_NAME`, as Prometheus does. */
export function exported(labels: Labels, ours: readonly string[]): Labels {
  if (!ours.some((name) => Object.hasOwn(labels, name))) return labels;
  const free = (name: string): string =>
    ours.includes(name) || Object.hasOwn(labels, name) ? free(`exported_${name}`) : name;
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [ours.includes(name) ? free(name) : name, value]),
  );
}

/** Has a series these labels? An empty value stands for a label that is not there. */
export function hasLabels(its: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([name, value]) => (its[name] ?? "") === value);
}
