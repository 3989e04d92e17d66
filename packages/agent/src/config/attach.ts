import type { Attached } from "@ostler/protocol";
import * as z from "zod";
import { setting } from "./setting.js";
import { command, span } from "./values.js";

const unitWanted = "must be the full name of a service unit, like postgresql.service";

const unitName = z
  .string(unitWanted)
  .regex(/^[A-Za-z0-9:_.\\@-]{1,247}\.service$/, unitWanted)
  .refine((unit) => !unit.endsWith("@.service"), "must name an instance of the template, like getty@tty1.service");

const forPidFile = ["start", "stop", "restart", "timeout"] as const;

/** How long a command of `attach` has when the configuration does not say it. */
const commandMs = 60_000;

/** A process that has an owner already: the agent watches it, and acts only through its owner. */
export const attachConfig = z
  .strictObject({
    systemd: setting(unitName.optional(), "Unit whose main process this is; systemctl starts, stops and restarts it"),
    pid_file: setting(
      z.string().min(1).optional(),
      "File in which the process leaves its pid, relative to the configuration file",
    ),
    start: setting(command.optional(), "Starts it; without this it cannot be started here. Only with `pid_file`"),
    stop: setting(command.optional(), "Stops it; without this it cannot be stopped here. Only with `pid_file`"),
    restart: setting(
      command.optional(),
      "Restarts it, which gives it another pid; `stop` and then `start` when absent. Only with `pid_file`",
    ),
    timeout: setting(
      span.optional(),
      "How long each of these may take, until the pid file says so; `1m` when absent. Only with `pid_file`",
    ),
  })
  .superRefine((attach, context) => {
    if ((attach.systemd === undefined) === (attach.pid_file === undefined))
      context.addIssue({ code: "custom", message: "must have either `systemd` or `pid_file`" });
    else if (attach.systemd !== undefined)
      for (const key of forPidFile.filter((name) => attach[name] !== undefined))
        context.addIssue({
          code: "custom",
          path: [key],
          message: "belongs to pid_file: systemctl does this for a unit",
        });
  });
export type AttachConfig = z.output<typeof attachConfig>;

/** Who owns the process, with what is needed to ask it; the time a command may take in milliseconds. */
export type OwnerConfig =
  | { owner: "systemd"; unit: string }
  | {
      owner: "pid-file";
      path: string;
      commands: { start?: readonly string[]; stop?: readonly string[]; restart?: readonly string[] };
      timeout: number;
    };

export function ownerOf({ systemd, pid_file: path = "", timeout = commandMs, ...commands }: AttachConfig): OwnerConfig {
  if (systemd !== undefined) return { owner: "systemd", unit: systemd };
  const { start, stop, restart } = commands;
  return {
    owner: "pid-file",
    path,
    commands: { ...(start && { start }), ...(stop && { stop }), ...(restart && { restart }) },
    timeout,
  };
}

/** The owner as events and the state name it. */
export function attachedTo(owner: OwnerConfig): Attached {
  return { owner: owner.owner, name: owner.owner === "systemd" ? owner.unit : owner.path };
}
