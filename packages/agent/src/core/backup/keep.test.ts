import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareBackupIds } from "./backup-id.js";
import { keptBy, type KeepCandidate, type KeepPolicy } from "./keep.js";

const nothing = { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
const now = "2026-11-21T12:00";
const msOf = (time: string): number => Date.parse(`${time}Z`);

/**
 * A backup is written as its time, with `s` where it was made before a restore, and with `!` where it is known to be broken,
 * `+` where it was verified, and `?` where it cannot be read.
 */
function candidate(text: string): KeepCandidate {
  const [, id = "", safety, mark] = /^(.*?)(s?)([!+?]?)$/.exec(text) ?? [];
  const isGood = mark === "+" ? true : mark === "!" ? false : undefined;
  return { id, timeMs: msOf(id), isGood, isUnreadable: mark === "?", isSafety: safety === "s" };
}

function judged(backups: string[], policy: Partial<KeepPolicy>): string[] {
  const { keep } = keptBy(backups.map(candidate), { ...nothing, ...policy }, msOf(now), compareBackupIds);
  return keep.map(
    ({ id, reasons }) => `${id}: ${reasons.filter((one) => !/^(safety: )?last (verified|not)/.test(one)).join(", ")}`,
  );
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
    ["2026-11-20T10:00: last", "2026-11-19T10:00: last of those not known to be broken", "2026-01-01T10:00: "],
  ],
  [
    "as many good ones stay as are asked for, whatever is broken between them, and no more",
    { last: 3 },
    [
      ...["2026-11-20T10:00!", "2026-11-19T10:00!", "2026-11-18T10:00", "2026-11-17T10:00", "2026-11-16T10:00"],
      ...["2026-11-15T10:00", "2026-11-14T10:00!"],
    ],
    [
      ...["2026-11-20T10:00: last", "2026-11-19T10:00: last", "2026-11-18T10:00: last"],
      "2026-11-17T10:00: last of those not known to be broken",
      "2026-11-16T10:00: last of those not known to be broken",
    ],
  ],
  [
    "a broken one takes no day from a good one",
    { daily: 2 },
    ["2026-11-20T23:00!", "2026-11-20T03:00", "2026-11-19T03:00!", "2026-11-18T03:00", "2026-11-17T03:00"],
    [
      "2026-11-20T23:00: daily 2026-11-20",
      "2026-11-20T03:00: daily 2026-11-20 of those not known to be broken",
      "2026-11-19T03:00: daily 2026-11-19",
      "2026-11-18T03:00: daily 2026-11-18 of those not known to be broken",
    ],
  ],
  [
    "a span is counted from the newest that is not broken, too",
    { withinMs: 2 * 86_400_000 },
    ["2026-11-20T10:00!", "2026-11-15T10:00", "2026-11-14T10:00", "2026-11-13T10:00"],
    [
      "2026-11-20T10:00: within",
      "2026-11-15T10:00: within of those not known to be broken",
      "2026-11-14T10:00: within of those not known to be broken",
    ],
  ],
  [
    "what was made before a restore is counted by itself",
    { last: 1 },
    ["2026-11-20T10:00s", "2026-11-19T10:00s", "2026-11-18T10:00", "2026-11-17T10:00"],
    ["2026-11-20T10:00: safety: last", "2026-11-18T10:00: last"],
  ],
  [
    "a broken one is also none among what was made before a restore",
    { daily: 1 },
    ["2026-11-20T10:00s!", "2026-11-20T09:00s", "2026-11-18T10:00+"],
    [
      "2026-11-20T10:00: safety: daily 2026-11-20",
      "2026-11-20T09:00: safety: daily 2026-11-20 of those not known to be broken",
      "2026-11-18T10:00: daily 2026-11-18",
    ],
  ],
];

for (const [promise, policy, backups, kept] of rows)
  test(promise, () => assert.deepEqual(judged(backups, policy), kept));

test("whoever stays for being good is told why", () => {
  const backups = ["2026-11-20T10:00!", "2026-11-19T10:00", "2026-11-18T10:00+"].map(candidate);
  const { keep } = keptBy(backups, { ...nothing, last: 1 }, msOf(now), compareBackupIds);
  assert.deepEqual(
    keep.map(({ reasons }) => reasons),
    [["last"], ["last of those not known to be broken", "last not known to be broken"], ["last verified"]],
  );
  const { keep: others } = keptBy(
    [candidate("2026-11-20T10:00s+")],
    { ...nothing, last: 1 },
    msOf(now),
    compareBackupIds,
  );
  assert.deepEqual(others[0]?.reasons, ["safety: last", "safety: last verified"]);
});

test("of one moment that with the higher number is the newer", () => {
  const ids = ["a.b.20261120T100000Z-9", "a.b.20261120T100000Z-10"];
  const usual = { timeMs: msOf("2026-11-20T10:00"), isGood: undefined, isSafety: false, isUnreadable: false };
  const backups = ids.map((id) => ({ ...usual, id }));
  assert.deepEqual(keptBy(backups, { ...nothing, last: 1 }, msOf(now), compareBackupIds).remove, [ids[0]]);
});

const count = fc.integer({ min: 0, max: 4 });
const anyPolicy = fc.record({ last: count, hourly: count, daily: count, weekly: count, monthly: count, yearly: count });
const anyBackups = fc
  .array(
    fc.record({
      timeMs: fc.integer({ min: -40 * 24, max: 48 }).map((hours) => msOf(now) + hours * 3_600_000),
      isGood: fc.constantFrom(true, false, undefined),
      isSafety: fc.boolean(),
      isUnreadable: fc.constantFrom(false, false, false, true),
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
    backups.filter(({ isGood, isSafety }) => isGood !== false && !isSafety),
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

check(
  "of good ones as many stay as if nothing was broken, and nothing was made before a restore",
  (backups, policy) => {
    const alone = backups.filter(({ isGood, isSafety }) => isGood !== false && !isSafety);
    const { kept } = judge(backups, policy);
    assert.deepEqual(
      judge(alone, policy).kept.filter((id) => !kept.includes(id)),
      [],
    );
  },
);
