import type { Labels } from "@ostler/protocol";

const word = /\{\{-?\s*(.*?)\s*-?\}\}/g;
const label = /^\$labels\.([a-zA-Z_][a-zA-Z0-9_]*)$/;

/** What is wrong with a summary; Prometheus knows more words than the two that both understand. */
export function templateProblem(template: string): string | undefined {
  const strange = [...template.matchAll(word)].find(([, text = ""]) => text !== "$value" && !label.test(text));
  if (strange) return `has ${strange[0]}, but knows only {{ $value }} and {{ $labels.NAME }}`;
  if (/\{\{|\}\}/.test(template.replaceAll(word, ""))) return "has braces that nothing closes or opens";
  return undefined;
}

/** The summary of one alert. A label that the series has not is empty, as in Prometheus. */
export function fillIn(template: string, { value, labels }: { value: number; labels: Labels }): string {
  return template.replaceAll(word, (_, text: string) => {
    const [, name] = label.exec(text) ?? [];
    return name === undefined ? String(value) : Object.hasOwn(labels, name) ? (labels[name] ?? "") : "";
  });
}
