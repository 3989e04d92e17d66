import type { UdpCheck } from "../../../config/checks/udp.js";
import { inWords } from "../../../config/http.js";
import { failed, passed, type Probe, type Verdict } from "../verdict.js";
import { askByDatagram } from "./datagram.js";
import { whyNoMatch } from "./match.js";

/** A host that says that a port is closed says it at once; who has said nothing for so long is silent. */
const silenceMs = 300;

/** Passes when the expected answer comes; without one, unless the kernel hears that nobody listens. */
export function udpProbe({ address, send, send_hex, expect, timeout }: UdpCheck): Probe {
  const payload = send_hex === undefined ? Buffer.from(send ?? "") : Buffer.from(send_hex, "hex");
  if (expect === undefined) {
    const silence = { afterMs: Math.min(silenceMs, timeout / 2), verdict: passed };
    return (signal) => askByDatagram({ address, payload, judge: () => passed, silence }, signal);
  }
  const judge = (answer: Buffer): Verdict => {
    const why = whyNoMatch(expect, answer.toString()); // A datagram is bounded by nature.
    return why === undefined ? passed : failed(`${inWords(address)}: ${why}`);
  };
  return (signal) => askByDatagram({ address, payload, judge }, signal);
}
