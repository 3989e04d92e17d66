import assert from "node:assert/strict";
import { test } from "node:test";
import { Sources, type Shown, type Source } from "./sources.js";

/** A source that shows families of these names, as of a moment. */
function source(service: string | undefined, name: string, families: string[], at = 0): Source {
  const shown = families.map((family): [string, Shown] => {
    return [family, { family: { name: family, type: "gauge", help: "", points: [] }, lines: "" }];
  });
  return {
    service,
    name,
    at,
    reason: undefined,
    shown: new Map(shown),
    bySeries: undefined,
    carried: new Set<string>(),
  };
}

/** `service/name@at`. */
function inWords(sources: Iterable<Source>): string[] {
  return [...sources].map(inWord);
}

function inWord({ service, name, at }: Source): string {
  return `${service ?? ""}/${name}@${at}`;
}

test("sources are found by their service and by what they show, each in the place in which it came first", () => {
  const sources = new Sources();
  for (const [service, name] of [
    ["web", "a"],
    ["db", "a"],
    ["web", "b"],
  ] as const)
    sources.put(source(service, name, ["n", `of_${service}`]));
  sources.put(source(undefined, "host", ["load"]));
  sources.put(source("web", "a", ["n", "m"], 1));
  assert.deepEqual(inWords(sources.all()), ["web/a@1", "db/a@0", "web/b@0", "/host@0"]);
  assert.deepEqual(inWords(sources.of("web")), ["web/a@1", "web/b@0"]);
  assert.deepEqual(inWords(sources.of(undefined)), ["/host@0"]);
  const one = sources.get("web", "a");
  const showing = (family: string, but?: Source): string[] => [sources.showing(family, but) ?? []].flat().map(inWord);
  assert.deepEqual([showing("n"), showing("n", one)], [["web/a@1"], ["db/a@0"]]);
  assert.deepEqual([showing("m"), showing("m", one)], [["web/a@1"], []]);
  assert.deepEqual(showing("of_web"), ["web/b@0"]);
});

test("of a source that is gone nothing is found", () => {
  const sources = new Sources();
  const [one, other] = [source("web", "a", ["n"]), source("db", "a", ["n"])];
  for (const its of [one, other]) sources.put(its);
  sources.remove(one);
  assert.deepEqual(inWords(sources.all()), ["db/a@0"]);
  assert.deepEqual(sources.of("web"), []);
  assert.equal(sources.showing("n"), other);
  assert.equal(sources.get("web", "a"), undefined);
});
