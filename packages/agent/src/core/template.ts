/** `{{name}}`, with spaces where one likes. */
const place = /\{\{\s*([^{}\s][^{}]*?)\s*\}\}/g;

/** The names in a text, in their order. */
export function namesIn(text: string): string[] {
  return [...text.matchAll(place)].map(([, name = ""]) => name);
}

/** A text with each name replaced by its value, which is not looked into again. */
export function filled(text: string, valueOf: (name: string) => string): string {
  return text.replaceAll(place, (_, name: string) => valueOf(name));
}
