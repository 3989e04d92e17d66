import type { ErrorCode } from "@ostler/protocol";

const escape = "\u001b[";
const colours = { red: "31", green: "32", yellow: "33", grey: "90", bold: "1" };

/** Colours only on a terminal, and not where NO_COLOR is set. */
export function paint(colour: keyof typeof colours, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return stream.isTTY && (process.env.NO_COLOR ?? "") === "" ? `${escape}${colours[colour]}m${text}${escape}0m` : text;
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** Rows with columns of equal width; the last one as it is. Widths are counted without colours. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => bare(row[column] ?? "").length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column === row.length - 1 ? cell : pad(cell, widths[column] ?? 0))).join("  ");
  return rows.map(line).join("\n");
}

/** What failed, on what, what to do: for a person one line, for a program an object. */
export function failureLines(code: ErrorCode, message: string, json: boolean): string {
  if (json) return `${JSON.stringify({ error: { code, message } })}\n`;
  return `${paint("red", "ostler:", process.stderr)} ${message}\n`;
}

function pad(cell: string, width: number): string {
  return cell + " ".repeat(width - bare(cell).length);
}

function bare(text: string): string {
  return text.replaceAll(/\u001b\[\d+m/g, "");
}
