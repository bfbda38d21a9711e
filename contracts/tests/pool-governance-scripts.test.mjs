import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import { DAY, DEPLOYER, at, call, errorsOf, expectError, must, now, ours, p, plain, read, tokensOf, u, wait, warpTo, who } from "./kit.mjs";
import {
  conclude, hasRole, openHouse, passScript, proposal, propose, proposeScript, run, toDue, veto, vote,
} from "./voting.mjs";

const errors = errorsOf("pool-governance");
const ballots = errorsOf("ballot-box");
const { alice, bob, carol, keeper, stranger } = who;

beforeEach(() => openHouse());

describe("scripts", () => {
  const GRANTING = at("granting-script");
  const script = (id) => read("pool-governance", "get-script-proposal", u(id));
  const given = () => ["keeper", "reporter"].map((role) => hasRole(stranger, role));

  it("run once, a day after their vote passed, as governance", () => {
    const id = passScript("granting-script");
    const { "runnable-at": at } = script(id);
    expect(at).toBe(now() - 10n + DAY);
    expect(script(id)).toMatchObject({ state: "passed", proposer: keeper, script: GRANTING });
    expect(read("pool-governance", "get-latest-script-proposal", p(GRANTING))).toBe(BigInt(id));
    warpTo(at - 10n);
    expectError(run("granting-script"), errors.ERR_TOO_EARLY);
    expect(now()).toBe(at);

    const { result, topics } = run("granting-script");

    expect(result).toBeOk(Cl.bool(true));
    expect(topics).toEqual(["script-run", "script-opened", "role-granted", "role-granted", "script-closed"]);
    expect(given()).toEqual([true, true]);
    expectError(run("granting-script"), errors.ERR_NOT_RUNNABLE);
    expect(read("pool-access", "is-governance", ours("granting-script"))).toBe(false);
  });

  it("do nothing without a passed vote", () => {
    expectError(call(stranger, "granting-script", "execute"), errorsOf("pool-access").ERR_NOT_GOVERNANCE);
    expectError(run("granting-script"), errors.ERR_NOT_RUNNABLE);
    const id = plain(proposeScript("granting-script").result);
    expectError(run("granting-script"), errors.ERR_NOT_RUNNABLE);
    vote(alice, id, false);
    wait(DAY);
    expect(conclude(id).topics).toEqual(["proposal-concluded"]);
    expectError(run("granting-script"), errors.ERR_NOT_RUNNABLE);
    expect(given()).toEqual([false, false]);
  });

  it("are proposed by those who may propose, one vote at a time, and again after a rejection", () => {
    expectError(proposeScript("granting-script", stranger), errors.ERR_NOT_PROPOSER);
    expect(proposeScript("granting-script", carol).prints[1]).toMatchObject({ topic: "script-proposed", script: GRANTING });
    expectError(proposeScript("granting-script"), errors.ERR_SCRIPT_PENDING);
    wait(DAY);
    conclude(1);
    expect(proposeScript("granting-script").result).toBeOk(u(2));
    vote(alice, 2);
    wait(DAY);
    conclude(2);
    expectError(proposeScript("granting-script"), errors.ERR_SCRIPT_PENDING);
  });

  it("go stale thirty days after their wait, to the second, and may be proposed again", () => {
    passScript("granting-script");
    const { "stale-at": stale, "runnable-at": runnable } = script(1);
    expect(stale).toBe(runnable + 30n * DAY);
    warpTo(stale - 10n);
    expectError(proposeScript("granting-script"), errors.ERR_SCRIPT_PENDING);
    expect(now()).toBe(stale);
    expectError(run("granting-script"), errors.ERR_TOO_LATE);
    expect(proposeScript("granting-script").result).toBeOk(u(2));
  });

  it("change nothing when they fail, and keep their code to themselves", () => {
    passScript("failing-script");
    wait(DAY);
    expectError(run("failing-script"), errors.ERR_SCRIPT_FAILED);
    expect(given()).toEqual([false, false]);
    expect(read("pool-access", "is-governance", ours("failing-script"))).toBe(false);
  });

  it("move nothing that the governing contract owns", () => {
    must(DEPLOYER, "flow-token", "transfer", u(5), p(DEPLOYER), ours("pool-governance"), Cl.none());
    passScript("looting-script");
    wait(DAY);
    expectError(run("looting-script"), errors.ERR_SCRIPT_FAILED);
    expect(tokensOf(at("flow-token"), at("pool-governance"))).toBe(5n);
  });

  it("can hand governance over, after which this contract runs no more", () => {
    passScript("granting-script");
    passScript("handing-over-script");
    wait(DAY);
    expect(run("handing-over-script").topics).toEqual(["script-run", "script-opened", "governance-handed-over", "script-closed"]);
    expect(read("pool-access", "get-governance")).toBe(DEPLOYER);
    expectError(run("granting-script"), errors.ERR_NOT_IN_OFFICE);
  });

  it("may be vetoed while they wait to be run, and then run no more", () => {
    const id = passScript("granting-script");
    wait(DAY);
    expect(veto(id).prints[0]).toMatchObject({ topic: "proposal-vetoed", final: true });
    expectError(run("granting-script"), errors.ERR_NOT_RUNNABLE);
    expect(script(id)).toMatchObject({ state: "vetoed", "runnable-at": null });
    expect(proposeScript("granting-script").result).toBeOk(u(2));
  });

  it("may not be vetoed after they ran, went stale or were turned down", () => {
    passScript("granting-script");
    wait(DAY);
    run("granting-script");
    expectError(veto(1), ballots.ERR_CONCLUDED);
    passScript("failing-script");
    warpTo(script(2)["stale-at"]);
    expectError(veto(2), ballots.ERR_CONCLUDED);
    proposeScript("looting-script");
    toDue(3);
    conclude(3);
    expectError(veto(3), ballots.ERR_CONCLUDED);
  });

  it("run although a guardian objects where two thirds of the stake are for them", () => {
    const id = plain(proposeScript("granting-script").result);
    for (const person of [alice, bob]) vote(person, id);
    toDue(id);
    conclude(id);
    expectError(veto(id), ballots.ERR_BROAD_MAJORITY);
    wait(DAY);
    expect(run("granting-script").result).toBeOk(Cl.bool(true));
  });

  it("and mandates have their own numbers and views", () => {
    propose();
    proposeScript("granting-script");
    expect([proposal(2), script(1)]).toEqual([null, null]);
    expect(script(2)).toMatchObject({ script: at("granting-script"), state: "voting" });
  });
});
