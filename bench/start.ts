// How long from exec to the first answer of /health, and to the first instruction of the service; and how large what ships is.
import { rmSync, statSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { endGroup, median, msSince, nowNs, ostler, report, root, startsIn, until, Workplace } from "./helpers/bench.js";

const rounds = Number(process.argv[2] ?? 15);
const bundle = join(root, "packages/agent/bundle/ostler.cjs");

await using place = new Workplace();
const service = place.firstInstruction();
const port = 21_680;
const url = `http://127.0.0.1:${port}/health`;
const config = place.write(
  "ostler.yaml",
  `agent: {data_dir: ./data, log: {output: ./log}}\nhttp: {listen: "127.0.0.1:${port}"}\nservices: {svc: {command: [${service}, ${place.path("started")}]}}\n`,
);
const bare = place.write(
  "bare.cjs",
  `require("node:http").createServer((_, r) => r.end("OK\\n")).listen(${port}, "127.0.0.1");`,
);

const answers = (): Promise<boolean> =>
  new Promise((resolve) => {
    const request = get(url, { agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on("error", () => resolve(false));
  });

type Variant = { name: string; command: string[]; health: number[]; service: number[] };
const variants: Variant[] = [
  { name: "Node with a bare HTTP server (floor)", command: [process.execPath, bare], health: [], service: [] },
  { name: "ostler run", command: [...ostler, "run", "-c", config], health: [], service: [] },
  {
    name: "ostler run, without the code cache",
    command: [process.execPath, bundle, "run", "-c", config],
    health: [],
    service: [],
  },
];

// One of each in turn, so that a slow moment of the machine meets them all.
for (let round = 0; round < rounds; round++)
  for (const { command, health, service: services } of variants) {
    rmSync(place.path("data"), { recursive: true, force: true, maxRetries: 20, retryDelay: 20 });
    rmSync(place.path("started"), { force: true });
    const start = nowNs();
    const child = place.spawn(command);
    await until(answers);
    health.push(msSince(start));
    if (command.includes(config)) {
      const [begun] = await until(() =>
        startsIn(place.path("started")).length > 0 ? startsIn(place.path("started")) : undefined,
      );
      if (begun) {
        services.push(Number(begun.atNs - start) / 1e6);
        endGroup(begun.pid);
      }
    }
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

const floor = median(variants[0]?.health ?? []);
report(`start, ms, median (min) of ${rounds}`, [
  ["", "/health 200", "service's first instruction", "ratio to the floor"],
  ...variants.map(({ name, health, service: services }) => [
    name,
    `${median(health).toFixed(1)} (${Math.min(...health).toFixed(1)})`,
    services.length === 0 ? "-" : `${median(services).toFixed(1)} (${Math.min(...services).toFixed(1)})`,
    median(health) / floor,
  ]),
]);
report("size, KiB", [
  ["bundle", statSync(bundle).size / 1024],
  ["code cache", statSync(`${bundle}.cache`).size / 1024],
]);
