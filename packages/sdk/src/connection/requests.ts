import { isErrorCode, OstlerError, type AgentFrameOf, type ControllerFrameOf } from "@ostler/protocol";

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

  constructor(send: Send) {
    this.#send = send;
  }

  /** Resolves with the command's data. @throws OstlerError with the agent's code; `timed-out` when `signal` aborts first */
  run(command: Command, signal: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#pending.delete(command.id);
        signal.removeEventListener("abort", expire);
      };
      const expire = (): void => {
        settle();
        this.#send({ t: "cmd_cancel", id: command.id });
        reject(
          new OstlerError(
            "timed-out",
            `No result of ${command.name} came in time; it was withdrawn if it had not ended.`,
          ),
        );
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
    else pending?.reject(new OstlerError(isErrorCode(code) ? code : "failed", message ?? `The command ${status}.`));
  }

  /** Nobody will answer any more. */
  abandon(why: string): void {
    for (const { reject } of [...this.#pending.values()]) reject(new OstlerError("unreachable", why));
  }
}
