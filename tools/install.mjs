// Installs and builds when that is needed. It needs nothing but Node, so that a fresh clone can call it.
import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

export function run(program, ...args) {
  execFileSync(program, args, { cwd: root, stdio: "inherit" });
}

/** npm leaves the lockfile it installed from in node_modules. */
export function install() {
  const installed = `${root}node_modules/.package-lock.json`;
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(`${root}package-lock.json`).mtimeMs) return;
  run("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error");
}

export function build() {
  run("npm", "run", "--silent", "build");
}
