import assert from "node:assert/strict";
import { test } from "node:test";
import type { Family } from "@ostler/protocol";
import fc from "fast-check";
import { headerOf, linesOf } from "../../sinks/metrics/text.js";
import { chosen, textIn } from "./kinds/prometheus.js";
import { parseText } from "./text-format.js";

/** The families of a text, each as `name type: series value, …`. */
function inWords(text: string): string[] {
  return parseText(text).map(({ name, type, points }) => {
    const series = points.map((point) => `${point.name}${JSON.stringify(point.labels)} ${point.value}`);
    return `${name} ${type}: ${series.join(", ")}`;
  });
}

const texts: [what: string, text: string, families: string[]][] = [
  ["nothing", "", []],
  ["a series alone", "up 1", ["up untyped: up{} 1"]],
  ["an end of line of another system", "up 1\r\n", ["up untyped: up{} 1"]],
  ["a family that has no series", "# HELP a b\n# TYPE a gauge\n", []],
  ["other comments", "# hello\n#\n#TYPE a gauge\nup 1\n", ["up untyped: up{} 1"]],
  ["labels with blanks and a last comma", 'a { b = "c" , d="e", } 1', ['a untyped: a{"b":"c","d":"e"} 1']],
  ["no labels in braces", "a{} 1", ["a untyped: a{} 1"]],
  ["escapes", 'a{b="\\"\\\\\\n}"} 1', ['a untyped: a{"b":"\\"\\\\\\n}"} 1']],
  ["a time", 'a 1 1395066363000\na{b="c"} 2 -5', ['a untyped: a{} 1, a{"b":"c"} 2']],
  [
    "values",
    "a 1e3\nb NaN\nc +Inf\nd -Inf\ne Inf\nf -0.5",
    ["a", "b", "c", "d", "e", "f"].map(
      (name, at) => `${name} untyped: ${name}{} ${[1000, NaN, Infinity, -Infinity, Infinity, -0.5][at]}`,
    ),
  ],
  [
    "a histogram",
    '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n',
    ['h histogram: h_bucket{"le":"1"} 1, h_bucket{"le":"+Inf"} 2, h_sum{} 3, h_count{} 2'],
  ],
  [
    "a summary",
    '# TYPE s summary\ns{quantile="0.5"} 1\ns_sum 3\ns_count 2\n',
    ['s summary: s{"quantile":"0.5"} 1, s_sum{} 3, s_count{} 2'],
  ],
  [
    "endings that belong to nobody",
    "# TYPE g gauge\ng 1\ng_count 2\n",
    ["g gauge: g{} 1", "g_count untyped: g_count{} 2"],
  ],
  [
    "a counter of 0.0.4",
    "# TYPE a_total counter\na_total 1\n# TYPE b counter\nb 2\n",
    ["a_total counter: a_total{} 1", "b counter: b{} 2"],
  ],
  [
    "a counter of OpenMetrics with an exemplar",
    '# TYPE a counter\n# UNIT a seconds\na_total 1 # {id="x"} 0.5 12.5\na_created 1.5e9\n# EOF\nafter it nothing counts',
    ["a_total counter: a_total{} 1"],
  ],
  [
    "types of OpenMetrics",
    '# TYPE i info\ni_info{v="1"} 1\n# TYPE s stateset\ns{s="a"} 1\n# TYPE u unknown\nu 1\n# EOF',
    ['i_info gauge: i_info{"v":"1"} 1', 's gauge: s{"s":"a"} 1', "u untyped: u{} 1"],
  ],
  [
    "types that are the names of members of every object",
    "# TYPE a constructor\na 1\na_total 2\n# TYPE b toString\nb_created 3\n",
    ["a untyped: a{} 1", "a_total untyped: a_total{} 2", "b_created untyped: b_created{} 3"],
  ],
  [
    "labels with such names",
    'a{__proto__="b",constructor="c"} 1',
    ['a untyped: a{"__proto__":"b","constructor":"c"} 1'],
  ],
  [
    "_created that is a metric of its own",
    "# TYPE a_total counter\na_total 1\n# TYPE a_created gauge\na_created 5\n",
    ["a_total counter: a_total{} 1", "a_created gauge: a_created{} 5"],
  ],
];

for (const [what, text, families] of texts) test(`taken: ${what}`, () => assert.deepEqual(inWords(text), families));

const refusals: [text: string, reason: RegExp][] = [
  ["a 1\nb\n", /^line 2: a number is wanted: b$/],
  ["a x", /^line 1: a number is wanted/],
  ["1a 1", /^line 1: a name of a metric is wanted/],
  ['a{b="c} 1', /a value in quotes has no end/],
  ["a{b=c} 1", /the label b needs a value in quotes/],
  ['a{b="c"', /a comma or \} is wanted/],
  ['a{b="c" d="e"} 1', /a comma or \} is wanted/],
  ['a{b="c",b="d"} 1', /the label b stands twice/],
  ['a{__proto__="b",__proto__="d"} 1', /the label __proto__ stands twice/],
  ['a{="c"} 1', /a name of a label is wanted/],
  ["a 1 2 3", /nothing may follow the time/],
  ["a 1 x", /a number is wanted/],
  ["a 1\n# TYPE a gauge", /^line 2: TYPE comes after the series/],
  ["# TYPE 1a gauge", /is no name of a metric/],
];

for (const [text, reason] of refusals)
  test(`refused: ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => parseText(text),
      (fault: Error) => reason.test(fault.message),
    );
  });

test("HELP is unescaped", () => {
  assert.deepEqual(parseText("# HELP a b\\n\\\\c\na 1\n")[0]?.help, "b\n\\c");
});

test("JSON and HTML that are called metrics are refused in these words", () => {
  const reason = (type: string, body: string): string => {
    try {
      textIn("http://h/metrics", type, body);
      return "";
    } catch (fault) {
      return (fault as Error).message;
    }
  };
  assert.equal(reason("", ' {"active_peers":0}'), "http://h/metrics is JSON, not Prometheus' text format");
  assert.equal(reason("application/json", ""), "http://h/metrics is JSON, not Prometheus' text format");
  assert.equal(reason("text/plain", "<!doctype html>"), "http://h/metrics is HTML, not Prometheus' text format");
  assert.equal(reason("text/plain", "a\n"), "http://h/metrics: line 1: a number is wanted: a");
});

test("only what is wanted is kept, and the first name that is there is shown under its alias, too", () => {
  const families = parseText("# TYPE old_peers gauge\nold_peers 3\ngo_x 1\ngo_y 2\nother 4\n");
  const names = (more: object): string[] =>
    chosen(families, { include: [], exclude: [], aliases: {}, ...more }).map(
      ({ name, points }) => `${name}=${points[0]?.name} ${points[0]?.value}`,
    );
  assert.deepEqual(names({ include: ["go_*"], exclude: ["*_y"] }), ["go_x=go_x 1"]);
  const aliases = { peers: ["peers_now", "old_peers", "other"], other: ["go_x"], gone: ["nothing"] };
  assert.deepEqual(names({ include: ["other"], aliases }), ["other=other 4", "peers=peers 3"]);
});

test("the series of a histogram go along to its alias", () => {
  const [, alias] = chosen(parseText("# TYPE h histogram\nh_sum 1\nh_count 2\n"), {
    include: [],
    exclude: [],
    aliases: { latency: ["h"] },
  });
  assert.deepEqual(
    alias?.points.map(({ name }) => name),
    ["latency_sum", "latency_count"],
  );
});

const value = fc.oneof(fc.double(), fc.integer());
const labels = fc
  .dictionary(
    fc.stringMatching(/^[a-z_][a-z0-9_]{0,5}$/).filter((name) => name !== "__proto__"),
    fc.string({ unit: "grapheme" }),
    { maxKeys: 3 },
  )
  .map((its) => ({ ...its }));
const family = fc
  .record({
    name: fc.stringMatching(/^[a-z]{1,4}_x$/),
    type: fc.constantFrom("gauge", "counter", "untyped"),
    help: fc.string(),
    points: fc.array(fc.record({ labels, value }), { minLength: 1, maxLength: 4 }),
  })
  .map(({ name, points, help, ...rest }): Family => ({
    name,
    help: help.trim(),
    ...(rest as Pick<Family, "type">),
    points: points.map((point) => ({ name, ...point })),
  }));

test("what is written is read again as it was, in both formats", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(family, { selector: ({ name }) => name, maxLength: 5 }),
      fc.constantFrom("prometheus" as const, "openMetrics" as const),
      (families, format) => {
        const text = families.map((its) => headerOf(its, format) + linesOf(its.points)).join("");
        const wanted = families.map((its) => {
          const type = format === "openMetrics" && its.type === "counter" ? "untyped" : its.type;
          return {
            ...its,
            type,
            points: its.points.map((point) => ({ ...point, value: point.value === 0 ? 0 : point.value })),
          };
        });
        assert.deepEqual(parseText(text), wanted);
      },
    ),
  );
});
