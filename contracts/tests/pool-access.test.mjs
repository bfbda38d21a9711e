import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  A, DEPLOYER, STX, STX_TOKEN, at, boot, call, errorsOf, expectError, held, must, ours, p, read, targets, u, who,
} from "./kit.mjs";

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

describe("the roles that stop", () => {
  const allStopped = Cl.tuple({ deposits: Cl.bool(true), withdrawals: Cl.bool(true), rebalances: Cl.bool(true) });

  it("move nothing: every door that moves, prices or governs is shut to who holds them both", () => {
    const { guardian } = who;
    must(DEPLOYER, "pool-access", "grant-role", p(guardian), Cl.stringAscii("guardian"));
    must(who.alice, "whale-pool-vault", "deposit", u(1), ours("pool-share-1"), u(100n * STX), u(0));
    must(DEPLOYER, "pool-access", "hand-over", ours("pool-governance"));
    const adapter = ours("fair-adapter");
    const leg = { from: p(STX_TOKEN), to: p(A), amount: u(STX), "min-out": u(0), dex: adapter };
    const swap = [u(1), leg.from, leg.to, u(STX), u(0), u(200), adapter];
    const doors = [
      ["whale-pool-vault", "execute-leg", swap, "whale-pool-vault", "ERR_NOT_REBALANCER"],
      ["whale-pool-vault", "pay-keeper", [u(1), p(guardian), u(1)], "whale-pool-vault", "ERR_NOT_REBALANCER"],
      ["whale-pool-vault", "set-target-allocation", [u(1), targets({ [A]: 10_000 })], "whale-pool-vault", "ERR_NOT_GOVERNANCE"],
      ["whale-pool-vault", "set-fee-account", [p(guardian)], "whale-pool-vault", "ERR_NOT_GOVERNANCE"],
      ["whale-pool-vault", "admit-adapter", [adapter], "whale-pool-vault", "ERR_NOT_GOVERNANCE"],
      ["whale-pool-vault", "announce-cap", [u(1), u(1)], "whale-pool-vault", "ERR_NOT_GOVERNANCE"],
      ["pool-rebalancer", "rebalance-pool", [u(1), u(1), u(1), u(0), Cl.list([Cl.tuple({ ...leg, fallback: Cl.none() })])], "pool-rebalancer", "ERR_NOT_KEEPER"],
      ["pool-governance", "note-slice", [u(1), u(1), u(1), u(0), u(0), u(0)], "pool-governance", "ERR_NO_MANDATE"],
      ["pool-governance", "propose-script", [ours("granting-script")], "pool-governance", "ERR_NOT_PROPOSER"],
      ["flow-staking", "lock", [p(who.alice), u(1)], "flow-staking", "ERR_NOT_GOVERNANCE"],
      ["pool-access", "grant-role", [p(guardian), Cl.stringAscii("keeper")], "pool-access", "ERR_NOT_GOVERNANCE"],
      ["pool-access", "hand-over", [p(guardian)], "pool-access", "ERR_NOT_GOVERNANCE"],
      ["pool-access", "open-script", [p(guardian)], "pool-access", "ERR_NOT_GOVERNANCE"],
    ];
    for (const [contract, fn, args, where, name] of doors) {
      expectError(call(guardian, contract, fn, ...args), errorsOf(where)[name]);
    }
    expect(call(guardian, "whale-pool-vault", "set-pauses", u(1), allStopped).result.type).toBe("ok");
    expect([held(STX_TOKEN), held(A)]).toEqual([100n * STX, 0n]);
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
