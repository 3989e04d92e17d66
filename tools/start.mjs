// `npm start`: installs, builds, and runs the agent with examples/quickstart.yaml in the foreground.
import { spawn } from "node:child_process";
import { build, install, root } from "./install.mjs";

install();
build();
const agent = spawn(`${root}bin/ostler`, ["run", "--config", `${root}examples/quickstart.yaml`], { stdio: "inherit" });
// Ctrl-C reaches the agent by itself; npm's own end by SIGTERM does not.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => agent.kill("SIGTERM"));
agent.on("exit", (code) => process.exit(code ?? 1));
