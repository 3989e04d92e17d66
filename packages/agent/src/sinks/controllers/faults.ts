import { closeCodes, type OstlerError } from "@ostler/protocol";
import type { Publish } from "../../core/bus.js";
import type { Link } from "./link.js";

/** A peer that sent this many wrong frames does not speak the protocol. */
const maxFaults = 16;
const maxMessage = 500;

/** What a peer does wrong: it is told each time, the journal once for each code, and the link stays up unless it goes on. */
export class Faults {
  readonly #link: Pick<Link, "send" | "close">;
  readonly #about: () => { controller: string; direction: "inbound" | "outbound" };
  readonly #publish: Publish;
  readonly #told = new Set<string>();
  #count = 0;

  constructor(
    link: Pick<Link, "send" | "close">,
    about: () => { controller: string; direction: "inbound" | "outbound" },
    publish: Publish,
  ) {
    this.#link = link;
    this.#about = about;
    this.#publish = publish;
  }

  tell({ code, message }: OstlerError): void {
    this.#link.send({ t: "error", code, message });
    if (!this.#told.has(code)) {
      this.#told.add(code);
      const data = { ...this.#about(), code, message: message.slice(0, maxMessage) };
      this.#publish({ type: "controller.faulted", data });
    }
    if (++this.#count >= maxFaults) this.#link.close(closeCodes.protocol, "too many wrong frames");
  }
}
