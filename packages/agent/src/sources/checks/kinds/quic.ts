import { randomBytes } from "node:crypto";
import type { QuicCheck } from "../../../config/checks/quic.js";
import { inWords } from "../../../config/http.js";
import { failed, passed, type Probe, type Verdict } from "../verdict.js";
import { askByDatagram } from "./datagram.js";
import { offeredVersions, questionOf, randomBytesNeeded, versionNumber, versionsInWords } from "./quic-packet.js";

/** Asks for a version that nobody has: who speaks QUIC answers with those it does, without beginning a connection. */
export function quicProbe({ address, versions }: QuicCheck): Probe {
  return (signal) => {
    const { packet, ids } = questionOf(randomBytes(randomBytesNeeded));
    const judge = (answer: Buffer): Verdict => {
      const offered = offeredVersions(answer, ids);
      if (typeof offered === "string") return failed(`${inWords(address)} answered with ${offered}`);
      const missing = versions.filter((version) => !offered.includes(versionNumber(version)));
      if (missing.length === 0) return passed;
      return failed(
        `${inWords(address)} does not offer QUIC ${missing.join(", ")}, only ${versionsInWords(offered) || "reserved versions"}`,
      );
    };
    return askByDatagram({ address, payload: packet, judge }, signal);
  };
}
