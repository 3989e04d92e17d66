import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareBackupIds } from "./backup-id.js";
import { keptBy, type KeepCandidate, type KeepPolicy } from "./keep.js";

const nothing = { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
const now = "2026-11-21T12:00";
const msOf = (time: string): number => Date.parse(`${time}Z`);

/** A backup is written as its time, with `!` where it is known to be broken, `+` where it was verified, and `?` where it cannot be read. */
function candidate(text: string): KeepCandidate {
  const [, id = "", mark] = /^(.*?)([!+?]?)$/.exec(text) ?? [];
  return {
    id,
    timeMs: msOf(id),
    isGood: mark === "+" ? true : mark === "!" ? false : undefined,
    isUnreadable: mark === "?",
  };
}

function judged(backups: string[], policy: Partial<KeepPolicy>): string[] {
  const { keep } = keptBy(backups.map(candidate), { ...nothing, ...policy }, msOf(now), compareBackupIds);
  return keep.map(({ id, reasons }) => `${id}: ${reasons.filter((one) => !one.startsWith("last ")).join(", ")}`);
}

const rows: [promise: string, policy: Partial<KeepPolicy>, backups: string[], kept: string[]][] = [
  [
    "the newest so many stay",
    { last: 2 },
    ["2026-11-18T01:00", "2026-11-20T01:00", "2026-11-19T01:00"],
    ["2026-11-20T01:00: last", "2026-11-19T01:00: last"],
  ],
  [
    "of a day the newest stays",
    { daily: 2 },
    ["2026-11-20T23:59", "2026-11-20T00:00", "2026-11-19T23:59", "2026-11-18T10:00"],
    ["2026-11-20T23:59: daily 2026-11-20", "2026-11-19T23:59: daily 2026-11-19"],
  ],
  [
    "days without a backup do not count",
    { daily: 2 },
    ["2026-11-20T10:00", "2026-08-01T10:00", "2026-07-01T10:00"],
    ["2026-11-20T10:00: daily 2026-11-20", "2026-08-01T10:00: daily 2026-08-01"],
  ],
  [
    "of an hour the newest stays",
    { hourly: 2 },
    ["2026-11-20T10:59", "2026-11-20T10:00", "2026-11-20T09:30", "2026-11-20T08:30"],
    ["2026-11-20T10:59: hourly 2026-11-20 10:00", "2026-11-20T09:30: hourly 2026-11-20 09:00"],
  ],
  [
    "a week begins on Monday and may lie in two years",
    { weekly: 2 },
    ["2026-01-05T00:00", "2026-01-04T23:00", "2025-12-29T00:00", "2025-12-28T23:00"],
    ["2026-01-05T00:00: weekly 2026-W02", "2026-01-04T23:00: weekly 2026-W01"],
  ],
  [
    "the last week of a long year is its 53rd",
    { weekly: 1 },
    ["2021-01-03T12:00", "2020-12-28T00:00"],
    ["2021-01-03T12:00: weekly 2020-W53"],
  ],
  [
    "of a month and of a year the newest stays",
    { monthly: 2, yearly: 2 },
    [
      "2026-11-20T01:00",
      "2026-11-01T01:00",
      "2026-10-31T23:00",
      "2026-02-01T01:00",
      "2025-12-31T23:00",
      "2024-01-01T00:00",
    ],
    [
      "2026-11-20T01:00: monthly 2026-11, yearly 2026",
      "2026-10-31T23:00: monthly 2026-10",
      "2025-12-31T23:00: yearly 2025",
    ],
  ],
  [
    "one may stay for several reasons",
    { last: 1, daily: 1, weekly: 1 },
    ["2026-11-20T10:00", "2026-11-19T10:00"],
    ["2026-11-20T10:00: last, daily 2026-11-20, weekly 2026-W47"],
  ],
  [
    "what is younger than a span before the newest stays",
    { withinMs: 2 * 86_400_000 },
    ["2026-11-10T10:00", "2026-11-08T10:01", "2026-11-08T10:00"],
    ["2026-11-10T10:00: within", "2026-11-08T10:01: within"],
  ],
  [
    "an empty policy keeps everything",
    {},
    ["2026-11-20T10:00", "2026-11-19T10:00!"],
    ["2026-11-20T10:00: no policy", "2026-11-19T10:00: no policy"],
  ],
  [
    "what is dated in the future stays and pushes nothing out",
    { last: 1 },
    ["2031-01-01T00:00", "2026-11-21T12:01", "2026-11-21T12:00", "2026-11-21T11:59"],
    ["2031-01-01T00:00: dated in the future", "2026-11-21T12:01: dated in the future", "2026-11-21T12:00: last"],
  ],
  [
    "what cannot be read stays and pushes nothing out",
    { last: 1, daily: 2 },
    ["2026-11-20T11:00?", "2026-11-20T10:00", "2026-11-19T10:00", "2026-11-18T10:00", "2026-01-01T10:00?"],
    [
      "2026-11-20T11:00: cannot be read",
      "2026-11-20T10:00: last, daily 2026-11-20",
      "2026-11-19T10:00: daily 2026-11-19",
      "2026-01-01T10:00: cannot be read",
    ],
  ],
  [
    "the last verified one stays, however old, and so does the newest that may be good",
    { last: 1 },
    ["2026-11-20T10:00!", "2026-11-19T10:00", "2026-11-18T10:00", "2026-01-01T10:00+", "2025-01-01T10:00+"],
    ["2026-11-20T10:00: last", "2026-11-19T10:00: ", "2026-01-01T10:00: "],
  ],
];

for (const [promise, policy, backups, kept] of rows)
  test(promise, () => assert.deepEqual(judged(backups, policy), kept));

test("whoever stays for being good is told why", () => {
  const backups = ["2026-11-20T10:00!", "2026-11-19T10:00", "2026-11-18T10:00+"].map(candidate);
  const { keep } = keptBy(backups, { ...nothing, last: 1 }, msOf(now), compareBackupIds);
  assert.deepEqual(
    keep.map(({ reasons }) => reasons),
    [["last"], ["last not known to be broken"], ["last verified"]],
  );
});

test("of one moment that with the higher number is the newer", () => {
  const ids = ["a.b.20261120T100000Z-9", "a.b.20261120T100000Z-10"];
  const backups = ids.map((id) => ({ id, timeMs: msOf("2026-11-20T10:00"), isGood: undefined }));
  assert.deepEqual(keptBy(backups, { ...nothing, last: 1 }, msOf(now), compareBackupIds).remove, [ids[0]]);
});

const count = fc.integer({ min: 0, max: 4 });
const anyPolicy = fc.record({ last: count, hourly: count, daily: count, weekly: count, monthly: count, yearly: count });
const anyBackups = fc
  .array(
    fc.record({
      timeMs: fc.integer({ min: -40 * 24, max: 48 }).map((hours) => msOf(now) + hours * 3_600_000),
      isGood: fc.constantFrom(true, false, undefined),
    }),
    { maxLength: 30 },
  )
  .map((all) => all.map((one, at) => ({ ...one, id: `${at}` })));

function check(promise: string, holds: (backups: KeepCandidate[], policy: KeepPolicy) => void): void {
  void test(promise, () => fc.assert(fc.property(anyBackups, anyPolicy, holds)));
}

const judge = (backups: KeepCandidate[], policy: KeepPolicy): { kept: string[]; remove: string[] } => {
  const { keep, remove } = keptBy(backups, policy, msOf(now), compareBackupIds);
  return { kept: keep.map(({ id }) => id), remove };
};

check("each is either kept or removed, and who is kept has a reason", (backups, policy) => {
  const { keep, remove } = keptBy(backups, policy, msOf(now), compareBackupIds);
  assert.deepEqual([...keep.map(({ id }) => id), ...remove].toSorted(), backups.map(({ id }) => id).toSorted());
  assert.ok(keep.every(({ reasons }) => reasons.length > 0));
});

check("never all are removed, nor all that may be good, nor all that were verified", (backups, policy) => {
  const { kept } = judge(backups, policy);
  for (const among of [
    backups,
    backups.filter(({ isGood }) => isGood !== false),
    backups.filter(({ isGood }) => isGood === true),
  ])
    assert.ok(among.length === 0 || among.some(({ id }) => kept.includes(id)));
});

check("what was kept is kept again, and a second look removes nothing more", (backups, policy) => {
  const { kept } = judge(backups, policy);
  const again = judge(
    backups.filter(({ id }) => kept.includes(id)),
    policy,
  );
  assert.deepEqual(again.remove, []);
});

check("what is dated in the future changes nothing for the rest", (backups, policy) => {
  const past = backups.filter(({ timeMs }) => timeMs <= msOf(now));
  assert.deepEqual(judge(backups, policy).remove, judge(past, policy).remove);
});

check("a policy that asks for more keeps all that the lesser one keeps", (backups, policy) => {
  const more = { ...policy, last: policy.last + 1, weekly: policy.weekly + 2 };
  if (Object.values(policy).every((count) => count === 0)) return;
  const { kept } = judge(backups, more);
  assert.deepEqual(
    judge(backups, policy).kept.filter((id) => !kept.includes(id)),
    [],
  );
});
