import assert from "node:assert/strict";
import { test } from "node:test";
import type { DnsCheck } from "../../../config/checks/dns.js";
import { askedType, dnsAnswer, labels, text } from "../../../testing/dns-answers.js";
import { closedUdpPort, serveUdp } from "../../../testing/datagrams.js";
import { ask, checkOf } from "../../../testing/probes.js";
import { until } from "../../../testing/until.js";
import type { Probe } from "../verdict.js";
import { whyNotExpected } from "./dns-answers.js";
import { dnsProbe } from "./dns.js";

const dns = (server: string, more: object = {}): Probe =>
  dnsProbe(checkOf<DnsCheck>({ kind: "dns", host: "web.test", server, ...more }));

const bytes = (...numbers: number[]): Buffer => Buffer.from(numbers);

const v6 = Buffer.from("20010db8000000000000000000000001", "hex");

const records: [type: Parameters<typeof dnsAnswer>[1], number: number, record: Buffer, value: string][] = [
  ["A", 1, bytes(192, 0, 2, 7), "192.0.2.7"],
  ["AAAA", 28, v6, "2001:DB8:0::1"],
  ["CNAME", 5, labels("other.test"), "Other.test."],
  ["NS", 2, labels("ns.test"), "ns.test"],
  ["PTR", 12, labels("host.test"), "host.test"],
  ["MX", 15, Buffer.concat([bytes(0, 10), labels("mail.test")]), "10 mail.test"],
  ["TXT", 16, Buffer.concat([text("v=spf1 "), text("-all")]), "v=spf1 -all"],
  ["SRV", 33, Buffer.concat([bytes(0, 5, 0, 0, 1, 187), labels("web.test")]), "5 0 443 web.test"],
];

for (const [type, number, record, value] of records)
  test(`dns: records of type ${type} are asked for and compared`, async () => {
    let asked = 0;
    await using server = await serveUdp((question) => {
      asked = askedType(question);
      return dnsAnswer(question, type, [record]);
    });
    assert.equal(await ask(dns(server.address, { type, expect: [value], exact: true })), "ok");
    assert.equal(asked, number);
    assert.match(await ask(dns(server.address, { type, expect: ["9 9 9 x"] })), / web\.test lacks 9 9 9 x; it is /);
  });

test("dns: an address is asked for by the name that stands for it", async () => {
  let name = "";
  await using server = await serveUdp((question) => {
    name = question.subarray(13, 39).toString("latin1");
    return dnsAnswer(question, "PTR", [labels("host.test")]);
  });
  const asked = dns(server.address, { host: "192.0.2.7", type: "PTR", expect: ["host.test"] });
  assert.equal(await ask(asked), "ok");
  assert.match(name, /^7\x012\x010\x03192\x07in-addr/);
});

test("dns: a name that nobody has, one without the record and a server that cannot are told apart", async () => {
  const codes: [code: number, says: RegExp][] = [
    [0, /: A web\.test has no such record$/],
    [2, /: A web\.test could not be answered by the server \(SERVFAIL\)$/],
    [3, /: A web\.test does not exist$/],
    [5, /: A web\.test was refused by the server$/],
  ];
  for (const [code, says] of codes) {
    await using server = await serveUdp((question) => dnsAnswer(question, "A", [], code));
    assert.match(await ask(dns(server.address)), says);
  }
});

test("dns: a closed port fails at once, a silent server when the time is over", async () => {
  const port = await closedUdpPort();
  assert.match(await ask(dns(`127.0.0.1:${port}`)), /A web\.test was not asked: nobody listens there$/);
  await using silent = await serveUdp(() => undefined);
  const stop = new AbortController();
  const asked = dns(silent.address)(stop.signal);
  await until(() => silent.seen.length > 0, "it is asked");
  stop.abort();
  assert.deepEqual(await asked, { ok: false, reason: `${silent.address}: A web.test was not answered` });
  assert.match(await ask(dns(silent.address), 1), /was not answered|was withdrawn/);
});

const judgements: [answers: string[], wanted: object, says: string][] = [
  [["1.1.1.1"], {}, "ok"],
  [["1.1.1.1", "2.2.2.2"], { expect: ["2.2.2.2"] }, "ok"],
  [["1.1.1.1", "2.2.2.2"], { expect: ["2.2.2.2"], exact: true }, "is also 1.1.1.1"],
  [["1.1.1.1", "2.2.2.2"], { expect: ["2.2.2.2", "1.1.1.1"], exact: true }, "ok"],
  [["1.1.1.1"], { expect: ["2.2.2.2"] }, "lacks 2.2.2.2; it is 1.1.1.1"],
  [["1.1.1.1"], { min_answers: 2 }, "has 1 answers, fewer than 2: 1.1.1.1"],
  [
    Array.from({ length: 12 }, (_, at) => `n${at}`),
    { expect: ["x"] },
    "lacks x; it is n0, n1, n2, n3, n4, n5, n6, n7, n8, n9 and 2 more",
  ],
  [["Text"], { type: "TXT", expect: ["text"] }, "lacks text; it is Text"],
];

for (const [answers, wanted, says] of judgements)
  test(`dns: ${answers.length} answers against ${JSON.stringify(wanted)}: ${says.slice(0, 30)}`, () =>
    assert.equal(
      whyNotExpected(answers, { type: "A", expect: [], exact: false, min_answers: 1, ...wanted }) ?? "ok",
      says,
    ));
