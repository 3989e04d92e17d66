import type { Family, Labels } from "@ostler/protocol";

/** The values of one metric of the host, by their labels. What could not be read is left out: absent is not zero. */
export type Values = readonly (readonly [labels: Labels, value: number | undefined])[];

export function gauge(name: string, help: string, values: Values): Family {
  return family("gauge", name, help, values);
}

export function counter(name: string, help: string, values: Values): Family {
  return family("counter", name, help, values);
}

/** The value of a metric without labels. */
export function only(value: number | undefined): Values {
  return [[{}, value]];
}

function family(type: "gauge" | "counter", name: string, help: string, values: Values): Family {
  const full = `ostler_host_${name}`;
  const points = values.flatMap(([labels, value]) =>
    value === undefined || !Number.isFinite(value) ? [] : [{ name: full, labels, value }],
  );
  return { name: full, type, help, points };
}
