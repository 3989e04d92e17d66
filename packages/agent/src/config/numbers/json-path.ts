import * as z from "zod";

/** A JSONPath as far as its form can be judged without a parser, which is loaded only where one is used. */
export const jsonPath = z
  .string()
  .regex(/^\$/, "must be a JSONPath, which begins with $, like $.queue.depth")
  .superRefine((path, context) => {
    const fault = faultOf(path);
    if (fault !== undefined) context.addIssue({ code: "custom", message: `is no JSONPath: ${fault}` });
  });

const closing: Record<string, string> = { "[": "]", "(": ")" };

/** What is left open, or closes nothing; texts in quotes may hold anything. */
function faultOf(path: string): string | undefined {
  const open: string[] = [];
  for (let at = 0; at < path.length; at++) {
    const here = path.charAt(at);
    if (here === "'" || here === '"') {
      const end = endOfText(path, at);
      if (end === undefined) return `the text that begins at character ${at + 1} has no end`;
      at = end;
    } else if (closing[here] !== undefined) open.push(closing[here]);
    else if ((here === "]" || here === ")") && open.pop() !== here)
      return `the ${here} at character ${at + 1} closes nothing`;
  }
  if (open.length > 0) return `a ${open.at(-1)} is missing`;
  if (/^\$(?![.[]|$)/.test(path)) return "after $ comes . or [";
  const bare = path.replace(/'(\\.|[^'\\])*'|"(\\.|[^"\\])*"/g, "''");
  return /\.$|\.{3}|(^|[^.])\.\[/.test(bare) ? "a name is missing after a dot" : undefined;
}

function endOfText(path: string, from: number): number | undefined {
  for (let at = from + 1; at < path.length; at++) {
    if (path[at] === "\\") at++;
    else if (path[at] === path[from]) return at;
  }
  return undefined;
}
