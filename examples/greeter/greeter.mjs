// A small real service: it greets over HTTP, knows how it is, logs what it does, and remembers its count in a file.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";

const port = Number(process.env.PORT ?? 8099);
const file = process.env.STATE_FILE ?? "greeter-state.json";
const log = (message, fields = {}) =>
  console.log(JSON.stringify({ time: new Date().toISOString(), message, ...fields }));

/** A missing file is a beginning; a broken one is an error that must be seen. */
function load() {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (failure) {
    if (failure.code === "ENOENT") return { greetings: 0 };
    throw failure;
  }
}

const state = load();

function save() {
  writeFileSync(`${file}.new`, JSON.stringify(state));
  renameSync(`${file}.new`, file);
}

const server = createServer((request, response) => {
  if (request.url === "/health") return response.end(JSON.stringify({ status: "ok", ...state }));
  state.greetings++;
  save();
  log("greeted", { greetings: state.greetings });
  response.end(`Hello, guest number ${state.greetings}!\n`);
});
server.listen(port, "127.0.0.1", () => log("listening", { port }));
process.on("SIGTERM", () => {
  log("closing");
  server.close();
  server.closeAllConnections();
});
