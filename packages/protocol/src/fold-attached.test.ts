import assert from "node:assert/strict";
import { test } from "node:test";
import type { Attached } from "./events/service.js";
import { fold } from "./fold.js";
import { initialState, type HostState } from "./state.js";

const configured = (state: HostState, attached?: Attached): HostState =>
  fold(
    state,
    {
      type: "service.configured",
      data: { service: "db", processes: ["main"], checks: [], ...(attached ? { attached } : {}) },
    },
    { epoch: "e", seq: state.seq + 1, time: "2026-01-01T00:00:00.000Z" },
  );

test("the state knows to whom a service is attached, until it is attached to nobody", () => {
  const unit = { owner: "systemd", name: "db.service" } as const;
  const file = { owner: "pid-file", name: "/run/db.pid" } as const;
  const first = configured(initialState("e"), unit);
  const second = configured(first, file);
  const third = configured(second);
  assert.deepEqual(
    [first, second, third].map(({ services }) => services.db?.attached),
    [unit, file, undefined],
  );
  assert.equal("attached" in (third.services.db ?? {}), false);
});
