import * as z from "zod";
import { setting } from "./setting.js";
import { duration, name } from "./values.js";

export const controllerConfig = z.strictObject({
  name: setting(name.optional(), "Name in events and of its cursor; made from the URL when absent"),
  url: setting(z.url({ protocol: /^wss?$/, error: "must be a ws:// or wss:// URL" }), "Where the agent connects to"),
  token: setting(z.string().min(1).optional(), "Sent as `Authorization: Bearer`", { secret: true }),
  tls: setting(
    z.strictObject({ ca: setting(z.string().min(1), "PEM file with the authorities to trust") }).optional(),
    "For wss:// with an authority of your own",
  ),
  commands: setting(
    z.array(z.string().min(1).max(128)).default([]),
    "Commands this controller may send, as globs; none when empty. Only this host can change it",
  ),
  heartbeat: setting(duration.optional(), "Longest silence of the agent; the controller's wish when absent"),
});
export type ControllerConfig = z.output<typeof controllerConfig>;

/** Name of a controller where none is given: its host and port. */
export function nameOf({ name: given, url }: ControllerConfig): string {
  return given ?? new URL(url).host.replace(/[^A-Za-z0-9_-]+/g, "-");
}
