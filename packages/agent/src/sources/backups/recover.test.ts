import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as takesAWhile } from "node:timers/promises";
import { tempDir } from "../../testing/temp-dir.js";
import { Recovering, type RecoverDeps } from "./recover.js";

const never = new Promise<never>(() => undefined);

/** Two services, of which `hanging` has its backups on a disk that hangs. */
function deps(directory: string, hanging: string, cleaned: string[]): RecoverDeps {
  const of = (service: string): RecoverDeps["engines"][number] => ({
    service,
    engine: () => ({
      clean: async () => {
        await (service === hanging ? never : takesAWhile());
        cleaned.push(service);
        return [];
      },
    }),
  });
  return {
    publish: () => assert.fail("There is nothing to be told."),
    state: () => ({ services: {} }) as ReturnType<RecoverDeps["state"]>,
    degraded: (part, reason) => assert.fail(`${part}: ${reason}`),
    ...{ records: `${directory}/records`, drills: `${directory}/drills` },
    rest: { recover: () => Promise.resolve({ recoveries: [], problems: [] }) },
    engines: ["shop", "web"].map(of),
    signal: new AbortController().signal,
  };
}

test("a disk that hangs holds up neither the backups of other services nor the end", async () => {
  using temp = tempDir();
  const cleaned: string[] = [];
  const recovering = Recovering.start(deps(temp.path, "shop", cleaned));
  await recovering.tried("web");
  assert.deepEqual(cleaned, ["web"]);
  await recovering[Symbol.asyncDispose]();
});

test("nothing begins with a service before it was cleaned up", async () => {
  using temp = tempDir();
  const cleaned: string[] = [];
  const recovering = Recovering.start(deps(temp.path, "", cleaned));
  await recovering.tried("shop");
  assert.ok(cleaned.includes("shop"));
});
