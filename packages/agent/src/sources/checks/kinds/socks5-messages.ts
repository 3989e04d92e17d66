import { isIP } from "node:net";
import type { Address } from "../../../config/values.js";

/** The messages of RFC 1928 and 1929, as bytes and in words. */
const version = 5;
const authVersion = 1;
const noMethod = 0;
const byPassword = 2;
const nothingAccepted = 0xff;
const connectCommand = 1;

export type Credentials = { username: string; password: string };

/** What the client offers first. */
export function greeting(credentials: Credentials | undefined): Buffer {
  return credentials ? Buffer.from([version, 2, noMethod, byPassword]) : Buffer.from([version, 1, noMethod]);
}

/** Whether the proxy wants the password, or why it can't be spoken with. */
export function chosenMethod(
  answer: Buffer,
  credentials: Credentials | undefined,
): "none" | "password" | { why: string } {
  const [its, method = nothingAccepted] = answer;
  if (its !== version) return { why: `speaks no SOCKS5 (it answered ${answer.toString("hex")})` };
  if (method === noMethod) return "none";
  if (method === byPassword && credentials) return "password";
  if (method !== nothingAccepted) return { why: `wants a way to log in that was not offered (${method})` };
  return { why: credentials ? "accepts neither no login nor one by password" : "wants a login" };
}

export function login({ username, password }: Credentials): Buffer {
  return Buffer.concat([Buffer.from([authVersion]), withLength(username), withLength(password)]);
}

export function isAccepted(answer: Buffer): boolean {
  return answer[1] === 0;
}

/** What asks for a connection. A name goes as it is: it is the proxy that looks it up. */
export function connectRequest({ host, port }: Address): Buffer {
  const portBytes = Buffer.alloc(2);
  portBytes.writeUInt16BE(port);
  return Buffer.concat([Buffer.from([version, connectCommand, 0]), addressBytes(host), portBytes]);
}

/** How many bytes an answer has altogether, once so much of it is there; nothing as long as that can't be known. */
export function replyLength(answer: Buffer): number | undefined {
  const [, , , type, length] = answer;
  if (length === undefined) return undefined;
  const fixed = 4 + 2;
  if (type === 1) return fixed + 4;
  return type === 4 ? fixed + 16 : fixed + 1 + length;
}

const refusals: Record<number, string> = {
  1: "has failed",
  2: "does not allow it",
  3: "cannot reach the network",
  4: "cannot reach the host",
  5: "was refused the connection",
  6: "has waited too long for it",
  7: "knows no CONNECT",
  8: "knows no addresses of this kind",
};

/** Why the proxy does not connect, in words; nothing when it does. */
export function whyNotConnected(answer: Buffer): string | undefined {
  const [its, code = 1] = answer;
  if (its !== version) return `answered with what is no SOCKS5 (${answer.toString("hex")})`;
  return code === 0 ? undefined : `${refusals[code] ?? "refuses"} (code ${code})`;
}

function addressBytes(host: string): Buffer {
  switch (isIP(host)) {
    case 4:
      return Buffer.from([1, ...host.split(".").map(Number)]);
    case 6:
      return Buffer.concat([Buffer.from([4]), v6Bytes(host)]);
    default:
      return Buffer.concat([Buffer.from([3]), withLength(host)]);
  }
}

/** The 16 bytes of an address, which the URL parser writes without an IPv4 part. */
function v6Bytes(host: string): Buffer {
  const [head = "", tail] = new URL(`http://[${host}]`).hostname.slice(1, -1).split("::");
  const groups = (part: string | undefined): string[] => (part ? part.split(":") : []);
  const [before, after] = [groups(head), groups(tail)];
  const all = [...before, ...Array<string>(8 - before.length - after.length).fill("0"), ...after];
  return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
}

function withLength(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}
