import { readFileSync } from "node:fs";

export const mountsPath = "/proc/self/mounts";

export type Mount = { mountpoint: string; device: string; fstype: string; isReadOnly: boolean };

/** Everything that is mounted, in order: of two at one place the later one is seen. */
export function mountsIn(text: string): Mount[] {
  return text
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([, , fstype = ""]) => fstype !== "")
    .map(([device = "", mountpoint = "", fstype = "", options = ""]) => ({
      ...{ device: unescaped(device), mountpoint: unescaped(mountpoint), fstype },
      isReadOnly: options.split(",").includes("ro"),
    }));
}

/**
 * Where the file system of a path is mounted, without asking it; links are not followed. Nothing for what lies on the root,
 * where a link may lead anywhere.
 */
export function mountOf(path: string, table = mountsPath): string | undefined {
  const above = mountsIn(readFileSync(table, "utf8"))
    .map(({ mountpoint }) => mountpoint)
    .filter((mountpoint) => mountpoint !== "/" && `${path}/`.startsWith(`${mountpoint}/`));
  return above.sort((a, b) => b.length - a.length)[0];
}

/** The kernel writes a space as `\040`, and the like. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}
