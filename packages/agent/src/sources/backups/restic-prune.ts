const units: Record<string, number> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/** What `forget --prune` says that it has freed; 0 where it says nothing of it. */
export function freedBytesIn(lines: readonly string[]): number {
  const [, number = "0", unit = "B"] =
    lines.map((line) => /^total prune:.*\/ ([\d.]+) ([KMGT]iB|B)\b/.exec(line)).find(Boolean) ?? [];
  return Math.round(Number(number) * (units[unit] ?? 1));
}
