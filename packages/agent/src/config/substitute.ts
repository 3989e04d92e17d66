import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { messageOf } from "@ostler/protocol";

export type Substituted = { text: string; secrets: string[] } | { problem: string };

/**
 * Fills `${VAR}`, `${VAR:-default}`, `${file:/path}` and `${cred:NAME}` (a systemd credential) in a value; `$$` is a dollar
 * sign. As in a shell, `:-` also replaces an empty value. What comes from a file or credential is a secret. Files are
 * relative to `base`.
 */
export function substitute(text: string, env: NodeJS.ProcessEnv, base: string): Substituted {
  const secrets: string[] = [];
  let problem: string | undefined;
  const filled = text.replace(/\$\$|\$\{([^}]*)\}/g, (whole, expression: string | undefined) => {
    if (expression === undefined) return "$";
    const value = valueOf(expression, env, base);
    if ("problem" in value) {
      problem ??= `${whole}: ${value.problem}`;
      return "";
    }
    if (value.secret) secrets.push(value.text);
    return value.text;
  });
  return problem === undefined ? { text: filled, secrets } : { problem };
}

type Value = { text: string; secret: boolean } | { problem: string };

function valueOf(expression: string, env: NodeJS.ProcessEnv, base: string): Value {
  if (expression.startsWith("file:")) return secretIn(resolve(base, expression.slice("file:".length)));
  if (expression.startsWith("cred:")) {
    const directory = env.CREDENTIALS_DIRECTORY;
    if (directory === undefined) return { problem: "there are no credentials here; set LoadCredential= in the unit" };
    return secretIn(join(directory, expression.slice("cred:".length)));
  }
  const [, variable, fallback] = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([^]*))?$/.exec(expression) ?? [];
  if (variable === undefined) return { problem: "is not a variable; write $$ for a dollar sign" };
  const value = env[variable];
  if (fallback !== undefined) return { text: value === undefined || value === "" ? fallback : value, secret: false };
  return value === undefined
    ? { problem: `the variable is not set; set it, or give a default: \${${variable}:-…}` }
    : { text: value, secret: false };
}

/** Without the newline that editors and `echo` leave at the end. */
function secretIn(path: string): Value {
  try {
    return { text: readFileSync(path, "utf8").replace(/\r?\n$/, ""), secret: true };
  } catch (failure) {
    return { problem: messageOf(failure) };
  }
}
