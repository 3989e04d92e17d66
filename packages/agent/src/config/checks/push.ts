import * as z from "zod";
import { setting } from "../setting.js";
import { span } from "../values.js";
import { common } from "./common.js";

export const pushCheck = z.strictObject({
  ...common,
  kind: z.literal("push"),
  secret: setting(
    z.string().min(16).optional(),
    "When it is set, the service must send it in the header `x-push-secret`",
    { secret: true },
  ),
  within: setting(
    span,
    "The service says how it is by `POST /v1/checks/SERVICE/CHECK`; a longer silence is a failure. It begins when the check does",
  ),
});
export type PushCheck = z.output<typeof pushCheck>;
