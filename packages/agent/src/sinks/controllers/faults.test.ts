import assert from "node:assert/strict";
import { test } from "node:test";
import { OstlerError, type AgentFrame, type ErrorCode } from "@ostler/protocol";
import { Faults } from "./faults.js";

/** What a peer with these faults hears, what the journal is told, and how the link was closed. */
function after(...codes: ErrorCode[]): {
  heard: string[];
  told: { code: string; message: string }[];
  closed: number[];
} {
  const heard: string[] = [];
  const closed: number[] = [];
  const told: { code: string; message: string }[] = [];
  const link = {
    send: (frame: AgentFrame) => void heard.push(frame.t === "error" ? frame.code : frame.t),
    close: (code: number) => void closed.push(code),
  };
  const faults = new Faults(
    link,
    () => ({ controller: "c", direction: "inbound" }),
    ({ data }) => told.push(data as { code: string; message: string }),
  );
  for (const code of codes) faults.tell(new OstlerError(code, `no ${code} please`.padEnd(600, "!")));
  return { heard, told, closed };
}

test("each fault is told to the peer, and to the journal once for each code", () => {
  const { heard, told, closed } = after("unknown-kind", "bad-request", "unknown-kind", "bad-request");
  assert.deepEqual(heard, ["unknown-kind", "bad-request", "unknown-kind", "bad-request"]);
  assert.deepEqual(
    told.map(({ code }) => code),
    ["unknown-kind", "bad-request"],
  );
  assert.deepEqual(closed, []);
});

test("the sixteenth fault ends the link", () => {
  const fifteen = Array.from({ length: 15 }, () => "bad-request" as const);
  assert.deepEqual(after(...fifteen).closed, []);
  assert.deepEqual(after(...fifteen, "unknown-kind").closed, [1002]);
});

test("a peer does not decide how much of its faults is stored", () => {
  assert.deepEqual(
    after("bad-request").told.map(({ message }) => message.length),
    [500],
  );
});
