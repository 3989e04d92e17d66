// What the tests have for real agents and a real systemd. It is built beside the benches, not below them, so it is found when they run.
import { join } from "node:path";
import { root } from "./bench.js";

const ofTests = (path: string): Promise<unknown> => import(join(root, "test/dist", path));

export const { TestAgent } = (await ofTests("helpers/agent.js")) as typeof import("../../test/dist/helpers/agent.js");
export type TestAgent = ReturnType<typeof TestAgent.prepare>;
export const { Booted } = (await ofTests("real/booted.js")) as typeof import("../../test/dist/real/booted.js");
export const { pathOf } = (await ofTests("real/tools.js")) as typeof import("../../test/dist/real/tools.js");
