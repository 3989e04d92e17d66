import { OstlerError } from "@ostler/protocol";

export type ResticTrouble = "no-program" | "no-repository" | "wrong-password" | "locked" | "damaged" | "failed";

/** How restic ended, and what it complained of last. */
export type ResticEnd = { code: number | null; killedBy: NodeJS.Signals | null; said: readonly string[] };

/** How much of one complaint is told. */
const maxWords = 500;

/** Before 0.17, restic told the kinds of failures apart by words alone. */
const patterns: [ResticTrouble, RegExp][] = [
  ["wrong-password", /wrong password or no key found/],
  ["locked", /repository is already locked/],
  ["no-repository", /unable to open config file: .*(no such file|does not exist|not exist|not found|NoSuch)/i],
  ["no-repository", /repository does not exist/],
  [
    "damaged",
    /repository contains errors|LoadIndex returned errors|ciphertext verification failed|invalid data returned/,
  ],
  ["damaged", /unable to load (tree|snapshot|index)|config or key .* is damaged/],
];

/** What could not be fetched, `check` takes for damage. */
const unreachable = /dial tcp|connection (refused|reset)|i\/o timeout|no such host|Client\.Timeout/;
/** Which part it is that is damaged. */
const damagedPart = /^(pack|tree|blob|error)\b/i;

const ofCode: Partial<Record<number, ResticTrouble>> = { 10: "no-repository", 11: "locked", 12: "wrong-password" };

const advice: Record<ResticTrouble, string> = {
  "no-program": "",
  "no-repository": "Look at `repository`, or set `init: true` to have it made.",
  "wrong-password": "Look at `password_file`.",
  locked: "Try again when the other is done.",
  damaged: "See restic's manual, Troubleshooting, and make a new backup.",
  failed: "",
};

/** A failure of restic as an error, with its kind in `data.code`. */
export function resticFailure(doing: string, end: ResticEnd): OstlerError {
  const code = troubleOf(end);
  return resticError(code, [`restic could not ${doing}: ${reasonIn(end, code)}.`, advice[code]].join(" ").trim());
}

export function resticError(code: ResticTrouble | "required-missing", message: string): OstlerError {
  return new OstlerError("failed", message, { data: { code } });
}

/** The kind of a failure of restic; nothing for other failures. */
export function resticTroubleOf(thrown: unknown): ResticTrouble | undefined {
  return thrown instanceof OstlerError ? (thrown.data as { code?: ResticTrouble } | undefined)?.code : undefined;
}

export function troubleOf({ code, said }: ResticEnd): ResticTrouble {
  const text = said.join("\n");
  const ofWords = patterns.find(([, pattern]) => pattern.test(text))?.[0] ?? "failed";
  const trouble = (code === null ? undefined : ofCode[code]) ?? ofWords;
  return trouble === "damaged" && unreachable.test(text) ? "failed" : trouble;
}

/** The complaint that says why: the fatal one, else the last. */
function reasonIn({ code, killedBy, said }: ResticEnd, trouble: ResticTrouble): string {
  if (killedBy !== null) return `it was ended by ${killedBy}`;
  const lines = said.map(worded).filter((line) => line !== "");
  const byKind = patterns.filter(([kind]) => kind === trouble).map(([, pattern]) => pattern);
  const unreached = lines.findLast((line) => unreachable.test(line));
  const telling =
    (trouble === "failed" ? unreached : undefined) ??
    lines.findLast((line) => byKind.some((pattern) => pattern.test(line))) ??
    lines.findLast((line) => line.includes("Fatal: ")) ??
    lines.at(-1);
  const reason = telling
    ?.replace(/^.*Fatal: /, "")
    .replace(/\.$/, "")
    .slice(0, maxWords);
  const part = trouble === "damaged" ? lines.find((line) => damagedPart.test(line)) : undefined;
  if (reason !== undefined && part !== undefined && part !== telling) return `${reason} (${part.slice(0, maxWords)})`;
  return reason ?? (code === 3 ? "some of it could not be read" : `it ended with ${code}`);
}

/** With `--json`, newer versions complain in JSON. */
function worded(line: string): string {
  if (!line.startsWith("{")) return line.trim();
  try {
    const { message, error, item } = JSON.parse(line) as {
      message?: string;
      error?: { message?: string };
      item?: string;
    };
    return message ?? [item, error?.message].filter(Boolean).join(": ");
  } catch {
    return line.trim(); // Clipped, or no JSON: as it is.
  }
}
