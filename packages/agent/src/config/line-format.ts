import * as z from "zod";
import { lineFormats } from "../core/line-format/line-info.js";

/** How the lines of a source are understood; `auto` finds it out, line by line. */
export const lineFormat = z.enum(["auto", ...lineFormats]).default("auto");
