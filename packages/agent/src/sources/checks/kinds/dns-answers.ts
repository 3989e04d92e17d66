import type { DnsCheck } from "../../../config/checks/dns.js";

type Expected = Pick<DnsCheck, "type" | "expect" | "exact" | "min_answers">;

/** How many answers a reason shows. */
const maxShown = 10;

/** What is wrong with the answers, to be said after the question; nothing when they are as expected. */
export function whyNotExpected(
  answers: readonly string[],
  { type, expect, exact, min_answers }: Expected,
): string | undefined {
  const given = answers.map((answer) => plain(answer, type));
  const wanted = expect.map((answer) => plain(answer, type));
  const missing = expect.filter((_, at) => !given.includes(wanted[at] ?? ""));
  if (missing.length > 0) return `lacks ${listed(missing)}; it is ${listed(answers)}`;
  const foreign = answers.filter((_, at) => !wanted.includes(given[at] ?? ""));
  if (exact && foreign.length > 0) return `is also ${listed(foreign)}`;
  if (answers.length < min_answers)
    return `has ${answers.length} answers, fewer than ${min_answers}: ${listed(answers)}`;
  return undefined;
}

/** Names are the same in capitals and with the dot at their end, addresses of IPv6 however they are shortened; texts are not. */
function plain(answer: string, type: DnsCheck["type"]): string {
  if (type === "TXT") return answer;
  if (type === "AAAA") return URL.canParse(`http://[${answer}]`) ? new URL(`http://[${answer}]`).hostname : answer;
  return answer.toLowerCase().replace(/\.$/, "");
}

function listed(answers: readonly string[]): string {
  const shown = answers.slice(0, maxShown).map((answer) => answer.slice(0, 200));
  const more = answers.length - shown.length;
  return `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
