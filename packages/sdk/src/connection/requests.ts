import {
  decodeControllerFrame,
  isErrorCode,
  maxFrameBytes,
  OstlerError,
  type AgentFrameOf,
  type ControllerFrameOf,
} from "@ostler/protocol";

type Command = Omit<ControllerFrameOf<"cmd">, "t">;
type Send = (
  frame: ControllerFrameOf<"cmd"> | ControllerFrameOf<"cmd_cancel"> | ControllerFrameOf<"cmd_result_ack">,
) => void;
type Pending = { command: Command; resolve: (data: unknown) => void; reject: (failure: OstlerError) => void };

/**
 * Commands whose result is not known yet. They are sent again on each connection, with the same id: the agent runs it
 * once and answers a repeated one with the result of the first.
 */
export class Requests {
  readonly #pending = new Map<string, Pending>();
  readonly #send: Send;
  #abandoned: string | undefined;

  constructor(send: Send) {
    this.#send = send;
  }

  /**
   * Resolves with the command's data. @throws OstlerError with the agent's code; `timed-out` or `cancelled` when `signal`
   * aborts first; `bad-request`, `too-large` for what no agent would take
   */
  run(command: Command, signal: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      check(command);
      if (this.#abandoned !== undefined) throw new OstlerError("unreachable", this.#abandoned);
      const settle = (): void => {
        this.#pending.delete(command.id);
        signal.removeEventListener("abort", expire);
      };
      const expire = (): void => {
        settle();
        this.#send({ t: "cmd_cancel", id: command.id });
        const [code, why] = isTimeout(signal) ? (["timed-out", "in time"] as const) : (["cancelled", "yet"] as const);
        const message = `No result of ${command.name} came ${why}; it was withdrawn if it had not ended.`;
        reject(new OstlerError(code, message));
      };
      this.#pending.set(command.id, {
        command,
        resolve: (data) => {
          settle();
          resolve(data);
        },
        reject: (failure) => {
          settle();
          reject(failure);
        },
      });
      signal.addEventListener("abort", expire);
      if (signal.aborted) expire();
      else this.#send({ t: "cmd", ...command });
    });
  }

  /** A new connection is there. */
  resend(): void {
    for (const { command } of this.#pending.values()) this.#send({ t: "cmd", ...command });
  }

  onAck({ id, status, code = "", message = "the agent refused it" }: AgentFrameOf<"cmd_ack">): void {
    if (status === "rejected")
      this.#pending.get(id)?.reject(new OstlerError(isErrorCode(code) ? code : "failed", message));
  }

  onResult({ id, status, code = "", message, data }: AgentFrameOf<"cmd_result">): void {
    this.#send({ t: "cmd_result_ack", id });
    const pending = this.#pending.get(id);
    if (status === "succeeded") pending?.resolve(data);
    else
      pending?.reject(
        new OstlerError(isErrorCode(code) ? code : "failed", message ?? `The command ${status}.`, { data }),
      );
  }

  /** Nobody will answer any more. The commands go on: whoever leaves does not withdraw what he has ordered. */
  abandon(why: string): void {
    this.#abandoned = why;
    for (const { reject } of [...this.#pending.values()]) reject(new OstlerError("unreachable", why));
  }
}

/** A frame that the agent cannot take would be answered to nobody. */
function check(command: Command): void {
  const text = JSON.stringify({ t: "cmd", ...command });
  if (Buffer.byteLength(text) > maxFrameBytes)
    throw new OstlerError("too-large", `${command.name} with its arguments exceeds a frame of ${maxFrameBytes} bytes.`);
  decodeControllerFrame(text);
}

function isTimeout({ reason }: AbortSignal): boolean {
  return reason instanceof DOMException && reason.name === "TimeoutError";
}
