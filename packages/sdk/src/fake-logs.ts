import type { AgentFrame, ControllerFrameOf, LogLine } from "@ostler/protocol";

/** A line to be written; what is absent is made up. */
export type FakeLine = { service: string; text: string } & Partial<LogLine>;

type Open = ControllerFrameOf<"logs_open">;

/** The logs of a fake agent: what the test writes, for whoever has opened them. */
export class FakeLogs {
  readonly #send: (frame: AgentFrame) => void;
  readonly #lines: LogLine[] = [];
  readonly #open = new Map<string, Open>();

  constructor(send: (frame: AgentFrame) => void) {
    this.#send = send;
  }

  write(line: FakeLine): void {
    const whole = { process: "main", stream: "stdout", time: new Date().toISOString(), ...line };
    this.#lines.push(whole);
    for (const open of this.#open.values()) if (isWanted(whole, open)) this.#sendLines(open, [whole]);
  }

  open(frame: Open): void {
    this.#open.set(frame.id, frame);
    const before = this.#lines.filter((line) => isWanted(line, frame));
    const last = frame.last === 0 ? [] : before.slice(-frame.last);
    if (last.length > 0) this.#sendLines(frame, last);
  }

  close(id: string): void {
    this.#open.delete(id);
  }

  /** The connection is lost, and with it whatever was open. */
  closeAll(): void {
    this.#open.clear();
  }

  #sendLines({ id }: Open, lines: LogLine[]): void {
    this.#send({ t: "logs", id, lines, dropped: 0 });
  }
}

function isWanted(line: LogLine, { service, process, source, grep, ignore_case: ignoreCase, level }: Open): boolean {
  if (service !== undefined && line.service !== service) return false;
  if (process !== undefined && line.process !== process) return false;
  if (source !== undefined && line.source !== source) return false;
  if (level !== undefined && line.level !== level) return false;
  return grep === undefined || new RegExp(grep, ignoreCase ? "i" : "").test(line.text);
}
