import { readFileSync } from "node:fs";
import type { Family } from "@ostler/protocol";
import { gauge, only } from "../family.js";

/** Memory and swap, and the share of the memory that nobody can have any more. */
export function memoryFigures(path = "/proc/meminfo"): () => Family[] {
  return () => {
    const kibibytes = new Map<string, number>();
    for (const [, name = "", value] of readFileSync(path, "utf8").matchAll(/^(\w+):\s+(\d+)/gm))
      kibibytes.set(name, Number(value));
    const bytes = (name: string): number | undefined => {
      const value = kibibytes.get(name);
      return value === undefined ? undefined : value * 1024;
    };
    const [total, available] = [bytes("MemTotal"), bytes("MemAvailable")];
    const used = total !== undefined && available !== undefined ? 1 - available / total : undefined;
    return [
      gauge("memory_size_bytes", "Memory of the host", only(total)),
      gauge("memory_available_bytes", "Memory that programs can still have without swapping", only(available)),
      gauge("memory_free_bytes", "Memory that is used for nothing", only(bytes("MemFree"))),
      gauge("memory_buffers_bytes", "Memory for the buffers of block devices", only(bytes("Buffers"))),
      gauge("memory_cached_bytes", "Memory for what was read of files", only(bytes("Cached"))),
      gauge("memory_used_ratio", "Share of the memory that is not available", only(used)),
      gauge("swap_size_bytes", "Swap space of the host", only(bytes("SwapTotal"))),
      gauge("swap_free_bytes", "Swap space that is free", only(bytes("SwapFree"))),
    ];
  };
}
