import { request as httpRequest } from "node:http";
import type { HttpCheck } from "../../../config/checks/http.js";
import { failed, passed, type Probe, type Verdict } from "../verdict.js";

/** GET on a connection of its own: a kept one would hide a server that accepts no more. */
export function httpProbe({ url, headers, status }: HttpCheck): Probe {
  return async (signal) => {
    const request = url.startsWith("https:") ? (await import("node:https")).request : httpRequest;
    return new Promise<Verdict>((resolve) => {
      const sent = request(
        url,
        { headers: { "user-agent": "ostler", ...headers }, agent: false, signal },
        (response) => {
          const { statusCode = 0 } = response;
          const accepted = status.length > 0 ? status.includes(statusCode) : statusCode >= 200 && statusCode < 300;
          response.destroy();
          resolve(accepted ? passed : failed(`${url} answered ${statusCode}`));
        },
      );
      sent.on("error", (failure) => resolve(failed(`${url}: ${failure.message}`)));
      sent.end();
    });
  };
}
