/** How a rotated file was packed, and the program that unpacks it from its input; gzip needs none. */
export type Packing = { suffix: string; command?: readonly [string, ...string[]] };

const packings: readonly Packing[] = [
  { suffix: ".gz" },
  { suffix: ".zst", command: ["zstd", "-dcq"] },
  { suffix: ".xz", command: ["xz", "-dcq"] },
  { suffix: ".bz2", command: ["bzip2", "-dcq"] },
];

export function packingOf(name: string): Packing | undefined {
  return packings.find(({ suffix }) => name.endsWith(suffix));
}
