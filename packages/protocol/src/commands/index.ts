import type * as z from "zod";
import { backupCommands } from "./backup.js";
import { checkCommands } from "./check.js";
import { configCommands } from "./config.js";
import { debugCommands } from "./debug.js";
import { maintenanceCommands } from "./maintenance.js";
import { ruleCommands } from "./rule.js";
import { serviceCommands } from "./service.js";
import { taskCommands } from "./task.js";

/** What a token may do: read everything, also change services, or also change the agent. Each includes the one before. */
export const scopes = ["read", "write", "admin"] as const;
export type Scope = (typeof scopes)[number];

export type CommandSpec = {
  scope: Scope;
  args: z.ZodType;
  result: z.ZodType;
  about: string;
  /** Whoever sends it has to say why. */
  needsReason?: true;
  /** What it does has a time limit of its own; it gets no other unless the sender sets one. */
  ownTimeout?: true;
  /** Behind which others it waits for its turn: those on the backups of its service. Behind all others on its service when absent. */
  lane?: "backup";
};

/** Every command there is. */
export const commands = {
  ...serviceCommands,
  ...taskCommands,
  ...backupCommands,
  ...checkCommands,
  ...ruleCommands,
  ...maintenanceCommands,
  ...debugCommands,
  ...configCommands,
};

export type CommandName = keyof typeof commands;
export type CommandArgs<N extends CommandName> = z.infer<(typeof commands)[N]["args"]>;
export type CommandData<N extends CommandName> = z.infer<(typeof commands)[N]["result"]>;

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

export function allows(granted: readonly Scope[], needed: Scope): boolean {
  return granted.some((scope) => scopes.indexOf(scope) >= scopes.indexOf(needed));
}
