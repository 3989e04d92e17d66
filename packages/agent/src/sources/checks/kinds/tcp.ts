import { connect } from "node:net";
import type { TcpCheck } from "../../../config/checks/tcp.js";
import { inWords } from "../../../config/http.js";
import { failed, passed, type Probe, type Verdict } from "../verdict.js";
import { whyNoMatch } from "./match.js";
import { startOf, whyOf } from "./words.js";

/** What comes after this much of an answer is not looked at. */
const maxAnswerBytes = 4096;

/** Passes when a connection is accepted and, where something is expected, as soon as that has come. */
export function tcpProbe({ address, send, expect }: TcpCheck): Probe {
  return (signal) =>
    new Promise<Verdict>((resolve) => {
      let answer = Buffer.alloc(0);
      const socket = connect({ ...address, signal });
      const end = (verdict: Verdict): void => {
        socket.destroy();
        resolve(verdict);
      };
      const fail = (reason: string): void => end(failed(`${inWords(address)}${reason}`));
      const said = (): string => (answer.length === 0 ? "nothing" : startOf(answer.toString()));
      socket.on("connect", () => {
        if (send !== undefined)
          socket.write(send, (fault) => fault ?? expect ?? end(passed)); // `error` tells a fault.
        else if (expect === undefined) end(passed);
      });
      socket.on("data", (chunk) => {
        if (expect === undefined) return;
        answer = Buffer.concat([answer, chunk]).subarray(0, maxAnswerBytes);
        const why = whyNoMatch(expect, answer.toString());
        if (why === undefined) end(passed);
        else if (answer.length === maxAnswerBytes) fail(`: ${why} in its first ${maxAnswerBytes} bytes`);
      });
      if (expect !== undefined)
        socket.on("end", () => fail(` hung up after it had said ${said()}; expected was /${expect}/`));
      socket.on("error", (failure) => {
        fail(socket.bytesRead > 0 ? ` said ${said()}, then: ${whyOf(failure)}` : `: ${whyOf(failure)}`);
      });
    });
}
