import assert from "node:assert/strict";
import { test } from "node:test";
import { barOn, lineOf, type Terminal } from "./progress-bar.js";

/** A terminal with one line, and what stands in it: carriage returns go back, and what comes covers what was there. */
class Screen implements Terminal {
  readonly isTTY: boolean;
  readonly columns: number;
  line = "";
  written = "";
  #at = 0;

  constructor({ isTTY = true, columns = 80 } = {}) {
    [this.isTTY, this.columns] = [isTTY, columns];
  }

  write(text: string): void {
    this.written += text;
    for (const letter of text) {
      if (letter === "\r") this.#at = 0;
      else this.line = this.line.slice(0, this.#at) + letter + this.line.slice(++this.#at);
      assert.ok(this.#at < this.columns || this.columns === 0, "it stays in its line");
    }
  }
}

test("a bar shows how far it is, and is as wide whatever it says", () => {
  assert.equal(lineOf({ phase: "archive", percent: 50 }), `[${"#".repeat(15)}${" ".repeat(15)}]  50 % archive   `);
  assert.equal(lineOf({ phase: "walk", percent: 0 }), `[${" ".repeat(30)}]   0 % walk      `);
  assert.equal(lineOf({ phase: "walk", percent: 100 }), `[${"#".repeat(30)}] 100 % walk      `);
  for (const columns of [80, 49, 30, 20, 5]) {
    const widths = [0, 1, 33, 99, 100].map((percent) => lineOf({ phase: "extract", percent }, columns).length);
    assert.equal(new Set(widths).size, 1);
  }
});

test("a narrow terminal gets a shorter bar, and a very narrow one only the number", () => {
  assert.equal(lineOf({ phase: "archive", percent: 50 }, 30), "[#####     ]  50 % archive   ");
  assert.equal(lineOf({ phase: "archive", percent: 50 }, 25), "[###  ]  50 % archive   ");
  assert.equal(lineOf({ phase: "archive", percent: 50 }, 24), " 50 % archive   ");
  assert.equal(lineOf({ phase: "archive", percent: 50 }, 7), " 50 % ");
  for (let columns = 1; columns < 100; columns++)
    assert.ok(lineOf({ phase: "a phase with a long name", percent: 7 }, columns).length < columns);
});

test("on a terminal each covers the one before, and nothing is left of the last", () => {
  const screen = new Screen({ columns: 40 });
  const bar = barOn(screen);
  bar.show({ phase: "archive", percent: 50 });
  assert.equal(screen.line, lineOf({ phase: "archive", percent: 50 }, 40));
  bar.show({ phase: "copy", percent: 3 });
  assert.equal(screen.line, lineOf({ phase: "copy", percent: 3 }, 40));
  bar.clear();
  assert.equal(screen.line.trim(), "");
  assert.ok(screen.written.endsWith("\r"), "what comes next begins where the bar did");
});

test("what is no terminal gets nothing, and a terminal nothing before there is progress", () => {
  const [file, idle] = [new Screen({ isTTY: false }), new Screen()];
  for (const screen of [file, idle]) {
    const bar = barOn(screen);
    if (screen === file) bar.show({ phase: "archive", percent: 50 });
    bar.clear();
    assert.equal(screen.written, "");
  }
});

test("a terminal that does not know how wide it is gets a bar, too", () => {
  const screen = new Screen({ columns: 0 });
  barOn(screen).show({ phase: "archive", percent: 50 });
  assert.equal(screen.line, lineOf({ phase: "archive", percent: 50 }));
});
