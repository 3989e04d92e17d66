import * as z from "zod";

/** What a changed setting touches; the same words in `config plan`, in events and in docs/config.md. */
export const settingEffect = z.enum(["live", "restarts-part", "restarts-process", "needs-agent-restart"]);
export type SettingEffect = z.infer<typeof settingEffect>;

export const settingChange = z.object({
  path: z.string().describe("Dotted path of the setting, for example `services.web.checks.0.every`"),
  change: z.enum(["added", "removed", "changed"]),
  effect: settingEffect,
});
export type SettingChange = z.infer<typeof settingChange>;

/** What happens to the configuration. */
export const configEvents = {
  "config.applied": z
    .object({
      file: z.string(),
      hash: z.string().describe("Hash of the effective configuration, secrets included"),
      changes: z.array(settingChange).describe("Empty when the agent starts"),
    })
    .describe("The agent runs with this configuration."),
  "config.rejected": z
    .object({
      file: z.string(),
      problems: z.array(z.string()).describe("Each as `file:line:col: path: message`, at most 50"),
    })
    .describe("A reload failed. Nothing was changed; the configuration from before keeps running."),
};
