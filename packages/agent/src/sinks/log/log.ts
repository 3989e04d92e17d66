import { eventInWords, isHostEvent, severityOf, type Sample } from "@ostler/protocol";
import { isatty } from "node:tty";
import pino from "pino";
import type { LogConfig } from "../../config/agent.js";
import { scrub, scrubbed } from "../../config/redact.js";
import type { Prepared } from "../../core/assembly.js";
import type { Published } from "../../core/bus.js";
import type { Clock } from "../../core/clock.js";
import { LogDestination } from "./destination.js";
import { prettyLine } from "./pretty.js";

export type LogDeps = { clock: Clock; env: NodeJS.ProcessEnv; secrets: () => readonly string[] };

/** Where lines go and how they look: everything of a log that its configuration decides. */
type Output = { destination: LogDestination; logger: pino.Logger };

/** Every event as a log line: the sentence in `msg`, the event beside it. */
export class Log implements AsyncDisposable {
  readonly #deps: LogDeps;
  #output: Output;

  /** @throws OstlerError `failed` when the output cannot be opened */
  static open(config: LogConfig, deps: LogDeps): Log {
    return new Log(openOutput(config, deps), deps);
  }

  private constructor(output: Output, deps: LogDeps) {
    this.#output = output;
    this.#deps = deps;
  }

  /** The bus's listener. It writes at once, without waiting: a log that lags behind is worth nothing at the moment of a crash. */
  readonly follow = ({ event, envelope, state }: Published): void => {
    const secrets = this.#deps.secrets();
    const severity = isHostEvent(event) ? severityOf(event) : "info";
    const words = isHostEvent(event) ? eventInWords(event) : event.type;
    const subject = envelope.subject === undefined ? {} : { subject: envelope.subject };
    const data = scrubbed(event.data, secrets);
    const level = severity === "critical" ? "fatal" : severity;
    this.#output.logger[level]({ event: event.type, ...subject, seq: state.seq, data }, scrub(words, secrets));
  };

  /** The bus's listener of samples: lines of services that are to stand in the log as well. */
  readonly take = (sample: Sample): void => {
    if (sample.type !== "lines.forwarded") return;
    const { service, source, process, stream, file, texts } = sample;
    const whose = { service, source, process, stream, file }; // What is not known is left out by pino.
    const secrets = this.#deps.secrets();
    for (const text of texts) this.#output.logger.info(whose, scrub(text, secrets));
  };

  /** @throws OstlerError `failed` when the new output cannot be opened */
  prepare(config: LogConfig): Prepared {
    const next = openOutput(config, this.#deps);
    return {
      commit: async () => {
        const old = this.#output;
        this.#output = next;
        await old.destination[Symbol.asyncDispose]();
      },
      discard: () => next.destination[Symbol.asyncDispose](),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#output.destination[Symbol.asyncDispose]();
  }
}

function openOutput({ level, format, output }: LogConfig, { clock, env }: LogDeps): Output {
  const destination = LogDestination.open(output, clock);
  const coloured =
    (env.NO_COLOR ?? "") === "" && ((output === "stdout" && isatty(1)) || (output === "stderr" && isatty(2)));
  const write = (line: string): void => destination.write(format === "pretty" ? prettyLine(line, coloured) : line);
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
  return { destination, logger: pino(options, { write }) };
}
