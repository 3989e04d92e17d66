import type * as z from "zod";
import { OstlerError, problemsIn } from "../errors.js";
import { agentFrames, controllerFrames, type AgentFrame, type ControllerFrame } from "./frames.js";

/** The only door from text to a frame of an agent. @throws OstlerError `bad-request`, `unknown-kind` */
export function decodeAgentFrame(json: string): AgentFrame {
  return decode(agentFrames, json);
}

/** The only door from text to a frame of a controller. @throws OstlerError `bad-request`, `unknown-kind` */
export function decodeControllerFrame(json: string): ControllerFrame {
  return decode(controllerFrames, json);
}

function decode<T extends Record<string, z.ZodType>>(frames: T, json: string): z.infer<T[keyof T]> {
  const value = parse(json);
  const kind = value.t;
  if (typeof kind !== "string") throw new OstlerError("bad-request", "Not a frame: it has no `t`.");
  const schema = Object.hasOwn(frames, kind) ? frames[kind as keyof T] : undefined;
  if (!schema) throw new OstlerError("unknown-kind", `Frames of kind "${clip(kind)}" are not known to this version.`);
  const frame = schema.safeParse(value);
  if (!frame.success) throw new OstlerError("bad-request", `Not a valid "${kind}" frame: ${problemsIn(frame.error)}`);
  return frame.data as z.infer<T[keyof T]>;
}

function parse(json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new OstlerError("bad-request", `Not a frame: the message is not JSON (it begins with "${clip(json)}").`, {
      cause,
    });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new OstlerError("bad-request", "Not a frame: the message is not a JSON object.");
  return value as Record<string, unknown>;
}

function clip(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 40)}…`;
}
