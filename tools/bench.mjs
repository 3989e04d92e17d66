// `npm run bench [-- NAME…]`: runs the benches one after another. Figures drift with the machine; ratios hold.
import { spawnSync } from "node:child_process";
import { root } from "./install.mjs";

const all = [
  "start",
  "footprint",
  "scale",
  "adopt",
  "restart",
  "metrics",
  "usage",
  "checks",
  "rules",
  "patterns",
  "logs",
  "journal",
  "stream",
  "backup",
];
const named = process.argv.slice(2);
for (const name of named.length > 0 ? named : all)
  spawnSync(process.execPath, [`bench/dist/${name}.js`], { cwd: root, stdio: "inherit" });
