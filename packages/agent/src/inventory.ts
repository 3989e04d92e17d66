import { messageOf, type Inventory } from "@ostler/protocol";
import { cpu, diskLayout, mem, osInfo, system } from "systeminformation";

/**
 * A program of its own that prints, as JSON, what the host is made of. The library asks dozens of programs of the host for it and
 * waits for each: in the agent that would hold up everything, and what they answer is not to be trusted with its rights.
 */
inventory().then(
  (found) => process.stdout.write(JSON.stringify(found)),
  (failure: unknown) => {
    process.stderr.write(messageOf(failure));
    process.exitCode = 1;
  },
);

async function inventory(): Promise<Inventory> {
  const [os, maker, processor, memory, disks] = await Promise.all([osInfo(), system(), cpu(), mem(), diskLayout()]);
  return {
    os: {
      distribution: os.distro || os.platform,
      ...known("release", os.release),
      ...known("kernel", os.kernel),
      ...known("architecture", os.arch),
    },
    system: { ...known("manufacturer", maker.manufacturer), ...known("model", maker.model), isVirtual: maker.virtual },
    cpu: {
      ...known("model", `${processor.manufacturer} ${processor.brand}`.trim()),
      cores: processor.cores,
      ...(processor.physicalCores > 0 ? { physicalCores: processor.physicalCores } : {}),
    },
    memory: { total: memory.total, swap: memory.swaptotal },
    disks: disks.map(({ device, name, type, size }) => ({
      name: device || name,
      ...known("type", type),
      ...(size > 0 ? { size } : {}),
    })),
  };
}

/** The library says `-` or nothing of what it could not find out. */
function known<K extends string>(key: K, value: string): Partial<Record<K, string>> {
  const isKnown = value !== "" && value !== "-" && value !== "unknown";
  return (isKnown ? { [key]: value } : {}) as Partial<Record<K, string>>;
}
