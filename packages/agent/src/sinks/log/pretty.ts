const colours: Record<string, string> = {
  debug: "\u001b[90m",
  info: "\u001b[32m",
  warn: "\u001b[33m",
  error: "\u001b[31m",
};

/** A JSON log line for people: time of day, level, message. Coloured only where the caller says so. */
export function prettyLine(line: string, coloured: boolean): string {
  const { level, time, msg } = JSON.parse(line) as { level: string; time: string; msg?: string };
  const word = level.toUpperCase().padEnd(5);
  const shown = coloured ? `${colours[level] ?? ""}${word}\u001b[0m` : word;
  return `${time.slice(11, 23)} ${shown} ${msg ?? ""}\n`;
}
