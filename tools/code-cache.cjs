"use strict";
// Runs the bundled agent as its launcher does, and keeps what V8 has compiled when it ends: a cache made after a real start
// holds the functions that a real start needs.
const { writeFileSync } = require("node:fs");
const launcher = require("../packages/agent/bin/ostler.cjs");

process.on("exit", () => writeFileSync(`${process.env.OSTLER_BUNDLE}.cache`, launcher.script.createCachedData()));
