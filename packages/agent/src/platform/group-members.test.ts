import assert from "node:assert/strict";
import { test } from "node:test";
import { groupMembers } from "./group-members.js";

test("a control group that is not there has no members, and says so", () => {
  assert.equal(groupMembers("/no/such/group.service"), undefined);
  assert.equal(groupMembers(""), undefined);
});
