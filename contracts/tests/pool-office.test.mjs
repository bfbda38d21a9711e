import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  A, at, B, boot, C, call, collect, createPool, DAY, DEPLOYER, deployForeignShare, deposit, doorErrors, errorsOf,
  expectError, held, invest, LAUNCH, leg, MAX_UINT, must, now, ours, p, plain, pool, price, PRICE_ONE, read,
  setTargets, silence, STX, STX_TOKEN, targets, u, VAULT, wait, warpTo, who,
} from "./kit.mjs";

const errors = doorErrors();
const { alice, bob, carol, stranger } = who;

const STRANGERS = [stranger, alice, who.keeper, who.guardian, who.creator, who.mover];

beforeEach(() => boot());

describe("create-pool", () => {
  it("opens a pool with the next number and names its share", () => {
    const { result, topics } = createPool("pool-share-2", { [A]: 10_000 }, 1_000);

    expect(result).toBeOk(u(2));
    expect(topics).toEqual(["pool-created", "share-initialized"]);
    expect(read("whale-pool-vault", "get-pool-count")).toBe(2n);
    expect(pool(2)).toEqual({
      name: "Index", share: at("pool-share-2"), creator: who.creator, "created-at": now() - 10n, "cap-usd": 1_000n,
      pauses: { deposits: false, withdrawals: false, rebalances: false }, paused: false, "management-bps": 50n,
      "performance-bps": 1_000n, "total-shares": 0n, "pending-shares": 0n, "high-water-mark": PRICE_ONE, "fees-at": now() - 10n,
    });
    expect(read("whale-pool-vault", "get-pool-assets", u(2))).toEqual([
      { asset: A, amount: 0n, bps: 10_000n, decimals: 6n },
      { asset: STX_TOKEN, amount: 0n, bps: 0n, decimals: 6n }, // STX is always a member
    ]);
  });

  it("is for creators", () => {
    for (const person of [stranger, DEPLOYER, who.keeper, who.guardian]) {
      expectError(createPool("pool-share-2", LAUNCH, 25_000, person), errors.ERR_NOT_CREATOR);
    }
  });

  it.each([0n, 25_001n, MAX_UINT])("refuses a cap of %s dollars", (cap) => {
    expectError(createPool("pool-share-2", LAUNCH, cap), errors.ERR_BAD_CAP);
  });

  it.each([
    ["an unknown asset", { [C]: 10_000 }, "ERR_UNKNOWN_ASSET"],
    ["too little", { [A]: 9_999 }, "ERR_BAD_SUM"],
    ["too much", { [A]: 6_000, [B]: 4_001 }, "ERR_BAD_SUM"],
    ["one part above all", { [A]: MAX_UINT, [B]: 1 }, "ERR_BAD_SUM"],
    ["nothing", {}, "ERR_BAD_SUM"],
  ])("refuses targets with %s", (_, shares, name) => {
    expectError(createPool("pool-share-2", shares), errors[name]);
  });

  it("refuses a share token that is in use, even by another pool", () => {
    expectError(createPool("pool-share-1"), errors.ERR_SHARE_TAKEN);
  });

  it("refuses what is not the template, and the template under another deployer", () => {
    const creates = (token) =>
      call(who.creator, "whale-pool-vault", "create-pool", Cl.stringAscii("X"), Cl.stringAscii("X"), p(token), targets(LAUNCH), u(1));
    const source = "(define-public (transfer (a uint) (b principal) (c principal) (d (optional (buff 34)))) (ok true))" +
      "(define-read-only (get-balance (a principal)) (ok u1)) (define-read-only (get-total-supply) (ok u1))" +
      "(define-public (initialize (a (string-ascii 32)) (b (string-ascii 10))) (ok true))" +
      "(define-public (mint (a uint) (b principal)) (ok true)) (define-public (burn (a uint) (b principal)) (ok true))";
    simnet.deployContract("generous-share", source, { clarityVersion: 4 }, DEPLOYER);

    expectError(creates(at("generous-share")), errors.ERR_NOT_TEMPLATE);
    expectError(creates(deployForeignShare(bob)), errors.ERR_NOT_TEMPLATE);
  });
});

describe("governance", () => {
  it("alone registers, admits, sets", () => {
    for (const person of STRANGERS) {
      for (const [fn, ...args] of [
        ["register-asset", p(C), u(6)],
        ["admit-adapter", ours("fair-adapter")],
        ["remove-adapter", ours("fair-adapter")],
        ["set-target-allocation", u(1), targets(LAUNCH)],
        ["announce-cap", u(1), u(1)],
        ["announce-fees", u(1), u(1), u(1)],
        ["set-insurance-account", p(person)],
        ["set-fee-account", p(person)],
      ]) {
        expectError(call(person, "whale-pool-vault", fn, ...args), errors.ERR_NOT_GOVERNANCE);
      }
    }
  });

  it("registers an asset once and for all", () => {
    const register = (decimals) => call(DEPLOYER, "whale-pool-vault", "register-asset", p(C), u(decimals));
    expectError(register(13n), errors.ERR_BAD_DECIMALS);
    expectError(register(MAX_UINT), errors.ERR_BAD_DECIMALS);
    expect(register(0n).topics).toEqual(["asset-registered"]);
    expect(register(0n).result).toBeOk(Cl.bool(true));
    expectError(register(6n), errors.ERR_BAD_DECIMALS);
    expect(read("pool-portfolios", "get-asset", p(STX_TOKEN))).toMatchObject({ decimals: 6n });
    expect(read("pool-portfolios", "get-asset", p(VAULT))).toBe(null);
  });

  it("admits contracts by their code", () => {
    const { prints } = call(DEPLOYER, "whale-pool-vault", "admit-adapter", ours("fair-adapter"));
    expect(prints[0].after).toMatch(/^[0-9a-f]{64}$/);
    expect(read("pool-portfolios", "get-adapter", ours("fair-adapter"))).toBe(prints[0].after);
    expectError(call(DEPLOYER, "whale-pool-vault", "admit-adapter", p(alice)), errors.ERR_NOT_A_CONTRACT);
    expectError(call(DEPLOYER, "whale-pool-vault", "admit-adapter", ours("not-deployed")), errors.ERR_NOT_A_CONTRACT);
  });

  it("sets targets and keeps what is held in the list", () => {
    deposit(alice, 100n * STX);
    invest(100n * STX);
    must(DEPLOYER, "whale-pool-vault", "register-asset", p(C), u(6));
    const { prints } = setTargets({ [C]: 10_000 });

    const rows = () => read("whale-pool-vault", "get-pool-assets", u(1)).map(({ asset, bps }) => [asset, bps]);
    expect(rows()).toEqual([[C, 10_000n], [STX_TOKEN, 0n], [A, 0n], [B, 0n]]);
    expect(prints[0].topic).toBe("target-set");
    leg(B, A, held(B));
    setTargets({ [STX_TOKEN]: 10_000 });
    expect(rows()).toEqual([[STX_TOKEN, 10_000n], [A, 0n]]);
  });

  it("sets only targets that make sense", () => {
    expectError(setTargets({ [C]: 10_000 }), errors.ERR_UNKNOWN_ASSET);
    expectError(setTargets({ [A]: 9_999 }), errors.ERR_BAD_SUM);
    expectError(setTargets(LAUNCH, DEPLOYER, 2), errors.ERR_NO_POOL);
    const twice = Cl.list([A, A].map((asset) => Cl.tuple({ asset: p(asset), bps: u(5_000) })));
    expectError(call(DEPLOYER, "whale-pool-vault", "set-target-allocation", u(1), twice), errors.ERR_DUPLICATE_ASSET);
  });

  it("keeps the list to ten, STX and what is held counted in", () => {
    const ten = Array.from({ length: 10 }, (_, n) => at(`asset-${n}`));
    for (const asset of ten) must(DEPLOYER, "whale-pool-vault", "register-asset", p(asset), u(6));
    const tenth = Object.fromEntries(ten.map((asset) => [asset, 1_000]));
    expectError(setTargets(tenth), errors.ERR_TOO_MANY_ASSETS);
    expectError(createPool("pool-share-2", tenth), errors.ERR_TOO_MANY_ASSETS);
    deposit(alice, 100n * STX);
    leg(STX_TOKEN, A, STX);
    const nine = Object.fromEntries([...ten.slice(0, 8), STX_TOKEN].map((asset, n) => [asset, n < 8 ? 1_000 : 2_000]));
    expect(setTargets(nine).topics).toEqual(["target-set"]);
    const more = Object.fromEntries([...ten.slice(0, 9), STX_TOKEN].map((asset) => [asset, 1_000]));
    expectError(setTargets(more), errors.ERR_TOO_MANY_ASSETS); // A is held
  });

  it("names the accounts that fees and the insurance part go to", () => {
    for (const [fn, name, before] of [
      ["set-fee-account", "fee-account", who.fees],
      ["set-insurance-account", "insurance-account", at("insurance-fund")],
    ]) {
      expect(call(DEPLOYER, "whale-pool-vault", fn, p(carol)).prints).toEqual([
        { topic: `${fn.slice(4)}-set`, before, after: carol },
      ]);
      expect(read("pool-terms", "get-accounts")[name]).toBe(carol);
    }
  });
});

describe("announcements", () => {
  const cap = (id, usd) => call(DEPLOYER, "whale-pool-vault", "announce-cap", u(id), u(usd));
  const fees = (id, management, performance) =>
    call(DEPLOYER, "whale-pool-vault", "announce-fees", u(id), u(management), u(performance));
  const apply = (id = 1, share = "pool-share-1") => call(stranger, "whale-pool-vault", "apply-fees", u(id), ours(share));
  const THREE_DAYS = 3n * DAY;

  it("put a cap in force three days later, to the second, by itself", () => {
    const { prints } = cap(1, 1n);
    const { at: when } = prints[0];
    expect(prints).toEqual([{ topic: "cap-announced", "pool-id": 1n, before: 25_000n, after: 1n, at: when }]);
    expect(when).toBe(now() - 10n + THREE_DAYS);
    expect(read("pool-terms", "get-next-cap", u(1))).toEqual({ "cap-usd": 1n, at: when });
    warpTo(when - 10n);
    expect(pool()["cap-usd"]).toBe(25_000n);
    expect(deposit(alice, 10n * STX).topics).toEqual(["deposit-made"]); // runs ten seconds before
    expect([pool()["cap-usd"], read("pool-terms", "get-next-cap", u(1))]).toEqual([25_000n, { "cap-usd": 1n, at: when }]);
    expectError(deposit(bob, 10n * STX), errors.ERR_CAP_REACHED);
    expect([pool()["cap-usd"], read("pool-terms", "get-next-cap", u(1))]).toEqual([1n, null]);
  });

  it("replace one another, and begin anew each time", () => {
    cap(1, 1n);
    wait(2n * DAY);
    cap(1, 50_000n);
    wait(2n * DAY);
    expect(pool()["cap-usd"]).toBe(25_000n);
    wait(DAY);
    expect(pool()["cap-usd"]).toBe(50_000n);
    expect(cap(1, 60_000n).prints[0].before).toBe(50_000n);
  });

  it.each([[0n, "ERR_BAD_CAP"], [10n ** 16n + 1n, "ERR_BAD_CAP"], [MAX_UINT, "ERR_BAD_CAP"]])("refuse a cap of %s", (usd, name) => {
    expectError(cap(1, usd), errors[name]);
    expectError(cap(2, 1n), errors.ERR_NO_POOL);
    expect(cap(1, 10n ** 16n).topics).toEqual(["cap-announced"]);
  });

  it("refuse rates above the ceilings, and accept any below", () => {
    for (const [management, performance] of [[51n, 0n], [0n, 1_001n], [MAX_UINT, 0n], [0n, MAX_UINT]]) {
      expectError(fees(1, management, performance), errors.ERR_BAD_FEES);
    }
    expectError(fees(2, 1n, 1n), errors.ERR_NO_POOL);
    expect(fees(1, 50n, 1_000n).topics).toEqual(["fees-announced"]);
    expect(fees(1, 0n, 0n).topics).toEqual(["fees-announced"]);
  });

  it("let anybody apply rates after three days, which charges the old ones first", () => {
    const terms = errorsOf("pool-terms");
    deposit(alice, 1_000n * STX);
    expectError(apply(), terms.ERR_NOTHING_ANNOUNCED);
    const { prints } = fees(1, 10n, 500n);
    const { at: when } = prints[0];
    expect(prints[0]).toEqual({
      topic: "fees-announced", "pool-id": 1n, before: { "management-bps": 50n, "performance-bps": 1_000n },
      after: { "management-bps": 10n, "performance-bps": 500n }, at: when,
    });
    warpTo(when - 10n);
    expectError(apply(), terms.ERR_TOO_EARLY);
    const start = pool()["fees-at"];

    const { topics, result } = apply();

    expect(topics).toEqual(["fees-collected", "fees-applied"]);
    const parts = ((when - start) * 50n * 10n ** 15n) / (10_000n * 365n * DAY);
    expect(plain(result)).toBe((1_000n * STX * parts) / (10n ** 15n - parts)); // at 50, not 10
    expect([pool()["management-bps"], pool()["performance-bps"]]).toEqual([10n, 500n]);
    expectError(apply(), terms.ERR_NOTHING_ANNOUNCED);
  });

  it("are applied only with a price, because the gain until then is charged at the old rate", () => {
    deposit(alice, 1_000n * STX);
    leg(STX_TOKEN, A, 100n * STX);
    fees(1, 0n, 0n);
    wait(4n * DAY);
    silence(A);
    expectError(apply(), errors.ERR_NO_PRICE);
    expectError(apply(2), errors.ERR_NO_POOL);
    expectError(apply(1, "pool-share-2"), errors.ERR_WRONG_SHARE);
    price(A, (22n * PRICE_ONE) / 10n);
    expect(apply().prints[0].performance).toBeGreaterThan(0n);
    wait(365n * DAY);
    expect(collect().topics).toEqual([]);
  });
});

describe("the office", () => {
  it("answers the vault alone", () => {
    const flags = Cl.tuple({ deposits: Cl.bool(true), withdrawals: Cl.bool(true), rebalances: Cl.bool(true) });
    for (const [fn, ...args] of [
      ["create-pool", Cl.stringAscii("X"), ours("pool-share-2"), p(stranger), targets(LAUNCH), u(1)],
      ["set-targets", u(1), targets(LAUNCH)],
      ["set-pauses", u(1), flags, p(stranger), Cl.stringAscii("x")],
      ["register-asset", p(C), u(6)],
      ["admit-adapter", ours("fair-adapter")],
      ["remove-adapter", ours("fair-adapter")],
      ["announce-cap", u(1), u(1)],
      ["announce-fees", u(1), u(1), u(1)],
      ["set-fee-account", p(stranger)],
      ["set-insurance-account", p(stranger)],
    ]) {
      for (const person of [stranger, DEPLOYER, who.guardian]) expectError(call(person, "pool-office", fn, ...args), errors.ERR_NOT_VAULT);
    }
  });
});
