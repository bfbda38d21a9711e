import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import { DEPLOYER, at, boot, call, errorsOf, expectError, must, ours, p, read, who } from "./kit.mjs";

const errors = errorsOf("pool-access");
const ROLES = ["keeper", "reporter", "emergency", "guardian", "creator", "rebalancer"];
const grant = (by, person, role) => call(by, "pool-access", "grant-role", p(person), Cl.stringAscii(role));
const revoke = (by, person, role) => call(by, "pool-access", "revoke-role", p(person), Cl.stringAscii(role));
const hasRole = (person, role) => read("pool-access", "has-role", p(person), Cl.stringAscii(role));
const governs = (person) => read("pool-access", "is-governance", p(person));

beforeEach(() => boot());

describe("roles", () => {
  it.each(ROLES)("%s is given and taken, telling what was before", (role) => {
    const given = grant(DEPLOYER, who.bob, role);
    expect(given.prints).toEqual([{ topic: "role-granted", who: who.bob, role, before: false, after: true }]);
    expect(hasRole(who.bob, role)).toBe(true);
    expect(ROLES.filter((other) => hasRole(who.bob, other))).toEqual([role]);

    const taken = revoke(DEPLOYER, who.bob, role);
    expect(taken.prints).toEqual([{ topic: "role-revoked", who: who.bob, role, before: true, after: false }]);
    expect(hasRole(who.bob, role)).toBe(false);
  });

  it("of other names do not exist", () => {
    expectError(grant(DEPLOYER, who.bob, "owner"), errors.ERR_UNKNOWN_ROLE);
    expectError(grant(DEPLOYER, who.bob, ""), errors.ERR_UNKNOWN_ROLE);
    expectError(revoke(DEPLOYER, who.bob, "owner"), errors.ERR_UNKNOWN_ROLE);
  });

  it("are changed by governance alone, not even for themselves by those who hold one", () => {
    for (const person of [who.stranger, who.guardian, who.keeper, who.creator]) {
      expectError(grant(person, person, "keeper"), errors.ERR_NOT_GOVERNANCE);
      expectError(revoke(person, who.keeper, "keeper"), errors.ERR_NOT_GOVERNANCE);
    }
  });

  it.each([
    ["emergency", "keeper"],
    ["emergency", "rebalancer"],
    ["guardian", "keeper"],
    ["guardian", "rebalancer"],
  ])("that stop (%s) and roles that move (%s) are never held by one", (stopping, moving) => {
    for (const [first, second] of [[stopping, moving], [moving, stopping]]) {
      must(DEPLOYER, "pool-access", "grant-role", p(who.bob), Cl.stringAscii(first));
      expectError(grant(DEPLOYER, who.bob, second), errors.ERR_ROLES_APART);
      expect(hasRole(who.bob, second)).toBe(false);
      revoke(DEPLOYER, who.bob, first);
      expect(grant(DEPLOYER, who.bob, second).result.type).toBe("ok");
      revoke(DEPLOYER, who.bob, second);
    }
  });

  it("that stop may be held together, and so may the others", () => {
    for (const [person, roles] of [[who.alice, ["emergency", "guardian"]], [who.bob, ["keeper", "reporter", "creator", "rebalancer"]]]) {
      for (const role of roles) expect(grant(DEPLOYER, person, role).result.type).toBe("ok");
      expect(ROLES.filter((role) => hasRole(person, role)).sort()).toEqual([...roles].sort());
    }
  });

  it("cannot be given by a contract that governance was talked into calling", () => {
    expectError(call(DEPLOYER, "deposit-proxy", "grant-for-caller", p(who.stranger)), errors.ERR_NOT_GOVERNANCE);
  });
});

describe("hand-over", () => {
  it("moves all power at once", () => {
    const { result, prints } = call(DEPLOYER, "pool-access", "hand-over", ours("pool-governance"));

    expect(result).toBeOk(Cl.bool(true));
    expect(prints).toEqual([{ topic: "governance-handed-over", before: DEPLOYER, after: at("pool-governance") }]);
    expect(read("pool-access", "get-governance")).toBe(at("pool-governance"));
    expect([governs(DEPLOYER), governs(at("pool-governance"))]).toEqual([false, true]);
    expectError(grant(DEPLOYER, who.bob, "keeper"), errors.ERR_NOT_GOVERNANCE);
    expectError(call(DEPLOYER, "pool-access", "hand-over", p(DEPLOYER)), errors.ERR_NOT_GOVERNANCE);
  });

  it("is refused to strangers", () => {
    expectError(call(who.stranger, "pool-access", "hand-over", p(who.stranger)), errors.ERR_NOT_GOVERNANCE);
  });
});

describe("scripts", () => {
  const open = (by, script) => call(by, "pool-access", "open-script", p(script));
  const close = (by) => call(by, "pool-access", "close-script");

  it("govern while they are open and no longer", () => {
    must(DEPLOYER, "pool-access", "open-script", p(who.bob));
    expect([governs(who.bob), governs(DEPLOYER), governs(who.alice)]).toEqual([true, true, false]);

    expect(close(DEPLOYER).topics).toEqual(["script-closed"]);
    expect(governs(who.bob)).toBe(false);
  });

  it("are opened by the governing principal alone, one at a time", () => {
    expectError(open(who.stranger, who.stranger), errors.ERR_NOT_GOVERNANCE);
    must(DEPLOYER, "pool-access", "open-script", p(who.bob));
    expectError(open(DEPLOYER, who.alice), errors.ERR_SCRIPT_OPEN);
    expectError(open(who.bob, who.alice), errors.ERR_NOT_GOVERNANCE);
  });

  it("are closed by whoever opened them", () => {
    expectError(close(DEPLOYER), errors.ERR_NO_SCRIPT);
    must(DEPLOYER, "pool-access", "open-script", p(who.bob));
    expectError(close(who.bob), errors.ERR_NO_SCRIPT);
  });

  it("lose their power with the governance that opened them", () => {
    must(DEPLOYER, "pool-access", "open-script", p(who.bob));
    must(who.bob, "pool-access", "hand-over", p(who.carol));

    expect(governs(who.bob)).toBe(false);
    expectError(grant(who.bob, who.bob, "keeper"), errors.ERR_NOT_GOVERNANCE);
    must(DEPLOYER, "pool-access", "close-script");
  });
});
