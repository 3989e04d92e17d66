import { connect } from "node:net";
import type { TcpCheck } from "../../../config/checks/tcp.js";
import { inWords } from "../../../config/http.js";
import { failed, passed, type Probe, type Verdict } from "../verdict.js";

/** Passes when a connection is accepted. */
export function tcpProbe({ address }: TcpCheck): Probe {
  return (signal) =>
    new Promise<Verdict>((resolve) => {
      const socket = connect({ ...address, signal });
      socket.on("connect", () => {
        socket.destroy();
        resolve(passed);
      });
      socket.on("error", (failure) => resolve(failed(`${inWords(address)}: ${failure.message}`)));
    });
}
