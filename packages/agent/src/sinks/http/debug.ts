import type { Session } from "node:inspector";
import { pipeline } from "node:stream/promises";
import { OstlerError } from "@ostler/protocol";
import { send, sendJson } from "./answer.js";
import type { Exchange, Route } from "./route.js";

/** A look inside the agent itself. Only with `http.debug`, because a heap snapshot holds every secret. */

const maxProfileSeconds = 300;

async function profile({ response, url, signal }: Exchange): Promise<void> {
  const seconds = Number(url.searchParams.get("seconds") ?? 10);
  if (!(seconds > 0 && seconds <= maxProfileSeconds))
    throw new OstlerError("bad-request", `"seconds" must be more than 0 and at most ${maxProfileSeconds}.`);
  const { Session } = await import("node:inspector");
  const session = new Session();
  session.connect();
  try {
    await ask(session, "Profiler.enable");
    await ask(session, "Profiler.start");
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    });
    const { profile: recorded } = (await ask(session, "Profiler.stop")) as { profile: unknown };
    send(response, 200, "application/json", JSON.stringify(recorded), {
      "content-disposition": 'attachment; filename="ostler.cpuprofile"',
    });
  } finally {
    session.disconnect();
  }
}

async function heap({ request, response }: Exchange): Promise<void> {
  response.writeHead(200, {
    "content-type": "application/json",
    "content-disposition": 'attachment; filename="ostler.heapsnapshot"',
  });
  if (request.method === "HEAD") response.end();
  else await pipeline((await import("node:v8")).getHeapSnapshot(), response);
}

function ask(session: Session, method: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    session.post(method, (failure, result) => (failure ? reject(failure) : resolve(result)));
  });
}

export const debugRoutes: Route[] = [
  { method: "GET", path: "/debug/profile", scope: "admin", answer: profile },
  { method: "GET", path: "/debug/heap", scope: "admin", answer: heap },
  {
    method: "GET",
    path: "/debug/report",
    scope: "admin",
    answer: ({ response }) => sendJson(response, 200, process.report.getReport()),
  },
];
