import * as z from "zod";

/**
 * Every error code there is: what it means, its HTTP status, the exit code of the command line,
 * and whether the same request may succeed later.
 */
export const errorCodes = {
  "bad-request": { http: 400, exit: 2, retry: false, means: "The request is not understood" },
  "invalid-args": { http: 400, exit: 2, retry: false, means: "An argument is missing or has a wrong value" },
  unauthorized: { http: 401, exit: 5, retry: false, means: "No token, or one that is not known" },
  "not-permitted": { http: 403, exit: 5, retry: false, means: "The sender may not do this here" },
  "not-found": { http: 404, exit: 1, retry: false, means: "There is no such thing on this host" },
  "unknown-command": { http: 404, exit: 2, retry: false, means: "The agent has no command of this name" },
  "unknown-kind": { http: 400, exit: 1, retry: false, means: "The frame's kind is not known; the link stays up" },
  "wrong-method": { http: 405, exit: 2, retry: false, means: "The path exists, but not with this HTTP method" },
  "wrong-state": { http: 409, exit: 1, retry: true, means: "The target is in a state that does not allow it" },
  isolated: { http: 409, exit: 5, retry: false, means: "The service is isolated, and must be released first" },
  "needs-restart": { http: 409, exit: 1, retry: false, means: "The change needs a restart of the agent" },
  "too-large": { http: 413, exit: 1, retry: false, means: "The request exceeds a named limit" },
  "config-invalid": { http: 422, exit: 3, retry: false, means: "The configuration has problems; nothing was changed" },
  busy: { http: 429, exit: 1, retry: true, means: "A limit on simultaneous work is reached" },
  cancelled: { http: 409, exit: 1, retry: true, means: "The request was withdrawn, or the agent is stopping" },
  interrupted: {
    http: 500,
    exit: 1,
    retry: true,
    means: "The agent ended while the command ran; its effect is unknown",
  },
  failed: { http: 500, exit: 1, retry: true, means: "The work was tried and failed" },
  internal: { http: 500, exit: 1, retry: false, means: "A fault in Ostler itself" },
  unreachable: { http: 503, exit: 4, retry: true, means: "The agent or controller cannot be reached" },
  "disk-full": { http: 507, exit: 1, retry: true, means: "No space is left where the agent stores its data" },
  "bad-protocol": { http: 400, exit: 1, retry: false, means: "The peer broke the controller protocol" },
  "no-common-version": { http: 426, exit: 1, retry: false, means: "The peers share no protocol version" },
  "timed-out": { http: 504, exit: 6, retry: true, means: "It did not happen in the time given" },
} as const satisfies Record<string, { http: number; exit: number; retry: boolean; means: string }>;

export type ErrorCode = keyof typeof errorCodes;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code);
}

/** The only error class. Its message says what failed, on what, and what to do. */
export class OstlerError extends Error {
  override readonly name = "OstlerError";
  readonly code: ErrorCode;
  /** What is left of work that failed, for whoever wants to look into it; mostly nothing. */
  readonly data: unknown;

  constructor(code: ErrorCode, message: string, options: ErrorOptions & { data?: unknown } = {}) {
    super(message, options);
    this.code = code;
    this.data = options.data;
  }

  /** Anything thrown, as an OstlerError: itself, or wrapped as `code`. */
  static from(thrown: unknown, code: ErrorCode = "internal"): OstlerError {
    return thrown instanceof OstlerError ? thrown : new OstlerError(code, messageOf(thrown), { cause: thrown });
  }
}

/** The answer to a name that nothing has, with the names there are. */
export function notFound(kind: string, name: string, known: Iterable<string>): OstlerError {
  const names = [...known].join(", ") || "none";
  return new OstlerError("not-found", `There is no ${kind} "${name}" here. Known: ${names}.`);
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

const maxProblems = 500;

/** What a schema has against a value. Short: whoever sent the value must not decide how long the answer gets. */
export function problemsIn(error: z.ZodError): string {
  const text = z.prettifyError(error);
  return text.length <= maxProblems ? text : `${text.slice(0, maxProblems)}…`;
}
