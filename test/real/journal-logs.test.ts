import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import type { Envelope } from "@ostler/protocol";
import { seeded } from "../helpers/seeded.js";
import { until } from "../helpers/until.js";
import { Booted } from "./booted.js";
import { needs, needsRoot } from "./tools.js";

const programs = needs(
  ...["unshare", "nsenter", "systemctl", "journalctl", "systemd-notify", "setpriv", "perl", "/lib/systemd/systemd"],
);

const count = 30_000;

/** Writes numbered lines, many at once: some are no UTF-8, and some begin an entry of three lines. */
const writer = String.raw`
use Socket;
my $journal;
socket($journal, AF_UNIX, SOCK_DGRAM, 0) and connect($journal, sockaddr_un("/run/systemd/journal/socket")) or die;
sub entry { send($journal, "MESSAGE\n" . pack("Q<", length $_[0]) . $_[0] . "\n", 0) or die "cannot send: $!" }
binmode STDOUT;
my $lines = "";
for my $n (1 .. ${count}) {
  if ($n % 500 == 0) { entry("line $n of num\n  second of $n\nthird of $n") }
  elsif ($n % 700 == 0) { $lines .= "line $n of num odd \xff\xfe\n" }
  else { $lines .= "line $n of num\n" }
  if ($n % 100 == 0) { syswrite(STDOUT, $lines); $lines = ""; select(undef, undef, undef, 0.02) }
}
sleep 100000;
`;

const setUp = `
mkdir -p /etc/systemd/journald.conf.d /etc/ostler
printf '[Journal]\\nRateLimitIntervalSec=0\\n' >/etc/systemd/journald.conf.d/test.conf
mkdir -p /etc/systemd/system/systemd-journald.service.d
printf '[Unit]\\nStartLimitIntervalSec=0\\n' >/etc/systemd/system/systemd-journald.service.d/test.conf
systemctl daemon-reload
systemctl restart systemd-journald
ln -s /opt/ostler/packages/agent/bin/ostler.cjs /usr/bin/ostler
command -v node >/dev/null || ln -s ${process.execPath} /usr/bin/node
cp /opt/ostler/systemd/ostler.service /etc/systemd/system/
cat >/writer.pl <<'END'
${writer}
END
cat >/etc/systemd/system/num.service <<'END'
[Service]
ExecStartPre=/bin/sh -c 'echo "num is made ready"'
ExecStart=/usr/bin/perl /writer.pl
END
cat >/etc/systemd/system/other.service <<'END'
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo "other one"; echo "other two"'
END
cat >/etc/systemd/system/noisy.service <<'END'
[Service]
LogRateLimitIntervalSec=1s
LogRateLimitBurst=10
ExecStart=/bin/sh -c 'seq 1 5000; while sleep 2; do echo again; done'
END
cat >/etc/ostler/ostler.yaml <<'END'
services:
  num:
    attach: {systemd: num.service}
    logs:
      - journal: true
        forward: {file: /var/log/forwarded, max_size: 1GiB}
        patterns:
          - {name: n, match: '^line (?<n>\\d+)000 of num$', limit: {events: 10000, per: 1s}}
          - {name: odd, match: '^line (?<n>\\d+) of num odd ', limit: {events: 10000, per: 1s}}
          - {name: systemd, match: 'num\\.service|^num is'}
      - name: records
        journal: true
        multiline: {start: '^line'}
        patterns: [{name: record, match: 'second of (?<n>\\d+)', limit: {events: 10000, per: 1s}}]
  noisy: {attach: {systemd: noisy.service}, logs: [{forward: {file: /var/log/noisy}}]}
  web:
    command: [sleep, "100000"]
    logs:
      - {journal: other.service, from: beginning, forward: {file: /var/log/other}, patterns: [{name: other, match: '^other'}]}
END
systemctl daemon-reload
systemctl start other
systemctl start ostler
`;

suite("what a unit writes into systemd's journal", { ...programs, ...needsRoot() }, () => {
  let host: Booted;

  before(async () => {
    host = await Booted.boot();
    host.shell(setUp);
  });
  after(() => host?.[Symbol.asyncDispose]());

  const pathOf = (path: string): string => join(host.root, path);
  const sizeOf = (path: string): number => (existsSync(pathOf(path)) ? statSync(pathOf(path)).size : 0);
  const linesOf = (path: string): string[] =>
    existsSync(pathOf(path)) ? readFileSync(pathOf(path), "latin1").split("\n").slice(0, -1) : [];
  const eventsOf = (type: string): Envelope["data"][] =>
    host
      .shell(`ostler --json events | grep '"ostler.${type}"' || true`)
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => (JSON.parse(line) as Envelope).data);
  const matchesOf = (pattern: string): Envelope["data"][] =>
    eventsOf("pattern.matched").filter((data) => data.pattern === pattern);
  const numbersOf = (pattern: string): number[] =>
    matchesOf(pattern).map(({ captures }) => Number((captures as { n: string }).n));
  const followers = (): number => Number(host.run("pgrep", "-cf", "journalctl.*--follow").stdout);
  /** Again, where systemd was about to notice how it ended. */
  const begin = (): Promise<unknown> =>
    until(() => host.run("systemctl", "start", "ostler").code === 0, "the agent is there");
  /** It may just be starting again, and have no process yet. */
  const kill = (): Promise<unknown> =>
    until(
      () => host.run("systemctl", "kill", "--signal=KILL", "--kill-whom=main", "ostler").code === 0,
      "it is killed",
    );

  test("is there from the beginning, also that of a unit that is no service of the agent", async () => {
    await until(() => linesOf("/var/log/other").length === 2, "it is forwarded");
    assert.deepEqual(linesOf("/var/log/other"), ["other one", "other two"]);
    host.shell("systemctl start other");
    await until(() => linesOf("/var/log/other").length === 4, "what comes is forwarded as well");
    await until(() => matchesOf("other").length === 4, "it is told");
  });

  const seed = Number(process.env.OSTLER_SEED ?? Date.now() % 100_000);
  test(`is lost and doubled nowhere while the agent is killed and journald restarted (seed ${seed})`, async () => {
    const random = seeded(seed);
    await until(() => followers() === 4, "every source is followed");
    host.shell("systemctl start num");
    for (let round = 0; round < 10; round++) {
      const wanted = sizeOf("/var/log/forwarded") + random.below(40_000);
      await until(() => sizeOf("/var/log/forwarded") > wanted || written() === count, "more has come");
      if (round % 3 === 1) host.shell("systemctl restart systemd-journald");
      if (round % 3 === 2) host.shell("journalctl --rotate");
      await kill();
      if (random.below(2) === 0) host.shell("systemctl restart systemd-journald");
      await begin();
    }
    await until(() => written() >= count, "everything has come", 60_000).catch(() => undefined);
    const numbered = linesOf("/var/log/forwarded").filter((line) => line.startsWith("line "));
    const numbers = numbered.map((line) => Number(/^line (\d+) of num/.exec(line)?.[1]));
    const times = new Uint8Array(count + 1);
    for (const number of numbers) times[number] = (times[number] ?? 0) + 1;
    const all = Array.from({ length: count }, (_, index) => index + 1);
    const lost = all.filter((number) => times[number] === 0);
    const doubled = all.filter((number) => (times[number] ?? 0) > 1);
    assert.deepEqual({ lost, doubled }, { lost: [], doubled: [] });
    const multiples = (of: number): number[] => all.filter((number) => number % of === 0);
    const rest = linesOf("/var/log/forwarded").filter((line) => !line.startsWith("line "));
    const entries = multiples(500).flatMap((number) => [`  second of ${number}`, `third of ${number}`]);
    assert.deepEqual(rest, ["num is made ready", ...entries]);
    const odd = multiples(700).filter((number) => number % 500 !== 0);
    assert.deepEqual(
      numbered.filter((line) => line.includes("odd")),
      odd.map((number) => `line ${number} of num odd \xff\xfe`),
    );
    await until(() => matchesOf("record").length >= count / 500, "every record is told");
    assert.deepEqual(numbersOf("n"), all.slice(0, count / 1000));
    assert.deepEqual(numbersOf("odd"), odd);
    assert.deepEqual(numbersOf("record"), multiples(500));
    assert.deepEqual(
      matchesOf("systemd").map(({ line }) => line),
      ["num is made ready"],
    );
    assert.deepEqual(eventsOf("log.gapped"), []);
  });

  /** How many numbered lines are forwarded. */
  const written = (): number => linesOf("/var/log/forwarded").filter((line) => line.startsWith("line ")).length;

  test("is told as a gap where journald has not taken it, with how much it was", async () => {
    host.shell("systemctl start noisy");
    const gap = await until(() => eventsOf("log.gapped").find(({ service }) => service === "noisy"), "it is told");
    host.shell("systemctl stop noisy");
    const before = linesOf("/var/log/noisy").filter((line) => /^\d+$/.test(line)).length;
    assert.deepEqual([gap.source, gap.reason, gap.lines], ["output", "rate-limited", 5000 - before]);
  });

  test("is told as a gap where the journal has dropped it", async () => {
    await kill();
    host.shell("systemctl stop ostler && journalctl --rotate && journalctl --vacuum-files=1");
    host.shell("systemctl start other");
    await begin();
    const gap = await until(() => eventsOf("log.gapped").find(({ service }) => service === "web"), "it is told");
    assert.deepEqual([gap.source, gap.reason], ["journal", "vacuumed"]);
    await until(() => linesOf("/var/log/other").length === 6, "what came after it is taken");
  });

  test("is not followed any more when the agent is killed", async () => {
    await until(() => followers() === 4, "every source is followed");
    host.shell("systemctl mask --runtime ostler");
    await kill();
    await until(() => followers() === 0, "nobody follows any more");
  });
});
