import { catchHangups } from "./hangups.js";

// Before anything is loaded; see hangups.ts. Every other command ends by SIGHUP, as users of a terminal expect.
if (process.argv.includes("run")) catchHangups();

void import("./cli/program.js")
  .then(({ main }) => main(process.argv.slice(2)))
  .then((exitCode) => (process.exitCode = exitCode));
