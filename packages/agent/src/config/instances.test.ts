import assert from "node:assert/strict";
import { test } from "node:test";
import { initialState, type HostState } from "@ostler/protocol";
import { loaded, problemsOf } from "../testing/config.js";
import { scaled } from "./instances.js";
import { processesOf, type ServiceConfig } from "./services.js";

const file = (instances: string): string =>
  `services: {shop: {processes: {worker: {command: [a], cwd: /, env: {A: b}${instances}}}}}`;
const services = (instances: string): Record<string, ServiceConfig> => loaded(file(instances)).config.services;
const names = (of: Record<string, ServiceConfig>): string[] => Object.keys(processesOf(of.shop ?? assert.fail()));

test("instances are processes of their own, each with its number", () => {
  const processes = processesOf(services(", instances: 2").shop ?? assert.fail());
  assert.deepEqual(
    Object.entries(processes).map(([name, { env }]) => [name, env]),
    [
      ["worker@1", { A: "b", OSTLER_INSTANCE: "1" }],
      ["worker@2", { A: "b", OSTLER_INSTANCE: "2" }],
    ],
  );
});

test("one instance is not the same as a process without any: it can be scaled, also to none", () => {
  assert.deepEqual(names(services(", instances: 1")), ["worker@1"]);
  assert.deepEqual(names(services("")), ["worker"]);
  assert.deepEqual(names(services(", instances: 0")), []);
});

test("there is a bound", () => {
  assert.match(problemsOf(file(", instances: 101")).join(), /instances: /);
  assert.match(problemsOf(file(", instances: -1")).join(), /instances: /);
});

function wish(instances: number, configured: number): HostState {
  const scale = { worker: { instances, configured } };
  const shop = { ready: false, since: "", processes: {}, checks: {}, alerts: {}, rules: {}, scale };
  return { ...initialState("e"), services: { shop } };
}

test("what somebody has scaled to holds until the configuration wants another number", () => {
  assert.deepEqual(names(scaled(services(", instances: 2"), wish(3, 2))), ["worker@1", "worker@2", "worker@3"]);
  assert.deepEqual(names(scaled(services(", instances: 1"), wish(3, 2))), ["worker@1"]);
  assert.deepEqual(names(scaled(services(""), wish(3, 2))), ["worker"]);
  assert.deepEqual(names(scaled(services(", instances: 1"), initialState("e"))), ["worker@1"]);
});
