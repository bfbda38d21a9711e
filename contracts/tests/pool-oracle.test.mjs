import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import { assets, errorsOf } from "./samples/adapters.mjs";
import * as venues from "./samples/venues.mjs";

const { FACTOR, TOKEN, WRAPPED, act, outcome, plain, principal } = venues;
const errors = errorsOf("pool-oracle");
const refused = (code) => ({ err: code });
const E12 = 10n ** 12n;
const BOUNDS = { least: 2n, age: 1_200n, spread: 1_000n, jump: 1_000n };
const STX_USD = 472_400_000_000n;
// What the pools that openLaunchPools opens say, STX per whole token.
const ON_CHAIN = { ALEX: 44_444_444_444n, WELSH: 1_666_666_666n, DIKO: 17_777_777_777n, STSTX: 1_090_000_000_000n };
const [reporter, guardian, stranger] = ["wallet_3", "wallet_4", "wallet_5"].map((name) => () => simnet.getAccounts().get(name));
const oracle = () => `${simnet.deployer}.pool-oracle`;
const asset = (symbol) => principal(assets()[symbol] ?? symbol);
const hop = (x, y, factor = FACTOR.product, invert = true) =>
  Cl.tuple({ x: principal(WRAPPED[x]), y: principal(WRAPPED[y]), factor: Cl.uint(factor), invert: Cl.bool(invert) });

let topics;

function call(name, args, sender = simnet.deployer) {
  return outcome(() => {
    const answer = simnet.callPublicFn(oracle(), name, args, sender);
    topics = answer.events.filter(({ event }) => event === "print_event").map(({ data }) => plain(data.value).topic);
    return answer;
  });
}

const read = (name, ...args) => venues.read(simnet, oracle(), name, args);
const now = () => BigInt(read("get-consensus-price", asset("STX"))["oldest-at"]);
const consensus = (symbol) => read("get-consensus-price", asset(symbol));
const sources = (symbol) => Object.fromEntries(read("get-sources", asset(symbol)).map(({ source, price, at }) => [source, { price: BigInt(price), at: BigInt(at) }]));
const grant = (who, role) => act(simnet, `${simnet.deployer}.pool-access`, "grant-role", [principal(who), Cl.stringAscii(role)]);
const configure = (symbol, { least, age, spread, jump } = BOUNDS, sender = simnet.deployer) =>
  call("set-asset", [asset(symbol), Cl.tuple({ "min-sources": Cl.uint(least), "max-age-secs": Cl.uint(age), "max-spread-bps": Cl.uint(spread), "max-jump-bps": Cl.uint(jump) })], sender);
const rows = (...list) => [Cl.list(list.map(([symbol, price, at]) => Cl.tuple({ asset: asset(symbol), price: Cl.uint(price), at: Cl.uint(at ?? now()) })))];
const post = (...list) => call("post-prices", rows(...list), reporter());
const alexSource = (symbol, ...hops) => call("set-alex-source", [asset(symbol), Cl.list(hops)]);
const velarSource = (symbol, id = 1, invert = false) => call("set-velar-source", [asset(symbol), Cl.uint(id), Cl.bool(invert)]);
const dia = (key, usd8, atSecs) => act(simnet, venues.DIA, "set-value", [Cl.stringAscii(key), Cl.uint(usd8), Cl.uint(atSecs * 1_000n)]);

function setReserves(a, b, x, y, factor = FACTOR.product) {
  const key = [principal(WRAPPED[a]), principal(WRAPPED[b]), Cl.uint(factor)];
  const record = simnet.callReadOnlyFn(venues.REGISTRY, "get-pool-details", key, simnet.deployer).result.value.value;
  act(simnet, venues.REGISTRY, "update-pool", [...key, Cl.tuple({ ...record, "balance-x": Cl.uint(x), "balance-y": Cl.uint(y) })]);
}

beforeEach(() => {
  venues.openLaunchPools(simnet);
  grant(reporter(), "reporter");
  grant(guardian(), "emergency");
  for (const symbol of ["STX", ...Object.keys(TOKEN)]) configure(symbol);
  alexSource("ALEX", hop("STX", "ALEX"));
  alexSource("WELSH", hop("STX", "WELSH"));
  alexSource("DIKO", hop("STX", "ALEX"), hop("ALEX", "DIKO"));
  alexSource("STSTX", hop("STX", "STSTX"));
  velarSource("WELSH");
  call("set-ratio-source", [asset("STSTX")]);
  call("set-dia-source", [asset("STX"), Cl.stringAscii("STX/USD")]);
});

describe("post-prices", () => {
  it("stores the report and reads every on-chain source of those assets, and no other's", () => {
    dia("STX/USD", 47_000_000n, now());
    const at = now();

    const posted = post(["STX", STX_USD, at], ["ALEX", 44_000_000_000n, at], ["WELSH", 1_700_000_000n, at], ["DIKO", 18_000_000_000n, at]);

    expect(posted).toEqual({ posted: "4", tripped: "0" });
    expect(topics).toEqual(["prices-posted"]);
    expect(sources("ALEX").reported).toEqual({ price: 44_000_000_000n, at });
    expect(sources("ALEX").alex.price).toBe(ON_CHAIN.ALEX);
    expect(sources("ALEX").alex.at).toBeGreaterThanOrEqual(at);
    expect(sources("DIKO").alex.price).toBe(ON_CHAIN.DIKO);
    expect(sources("STX").dia).toEqual({ price: 470_000_000_000n, at: at - 10n });
    expect(Object.keys(sources("WELSH"))).toEqual(["reported", "alex", "velar"]);
    expect(sources("WELSH").velar.price).toBe(ON_CHAIN.WELSH);
    expect(sources("STSTX")).toEqual({});
  });

  it("refuses whoever is no reporter, governance included", () => {
    for (const sender of [stranger(), guardian(), simnet.deployer]) {
      expect(call("post-prices", rows(["ALEX", ON_CHAIN.ALEX]), sender)).toEqual(refused(errors.ERR_NOT_REPORTER));
    }
  });

  it("refuses an asset without bounds and prices no arithmetic can hold, and then stores nothing of the call", () => {
    expect(post(["ALEX", ON_CHAIN.ALEX], [`${simnet.deployer}.flow-token`, E12])).toEqual(refused(errors.ERR_UNKNOWN_ASSET));
    for (const price of [0n, 10n ** 18n + 1n, 2n ** 128n - 1n]) {
      expect(post(["ALEX", price])).toEqual(refused(errors.ERR_PRICE_OUT_OF_RANGE));
    }
    expect(sources("ALEX")).toEqual({});
    expect(post(["ALEX", 10n ** 18n])).toMatchObject({ posted: "1" });
  });

  it("takes a stamp 120 s ahead and refuses 121, however far", () => {
    const { ahead } = clock();

    expect(post(["ALEX", ON_CHAIN.ALEX, now() + ahead + 121n])).toEqual(refused(errors.ERR_FROM_FUTURE));
    expect(post(["ALEX", ON_CHAIN.ALEX, 2n ** 128n - 1n])).toEqual(refused(errors.ERR_FROM_FUTURE));
    expect(post(["ALEX", ON_CHAIN.ALEX, now() + ahead + 120n])).toEqual({ posted: "1", tripped: "0" });
  });

  it("takes a stamp as old as the bound and refuses one second more", () => {
    const { ahead } = clock();

    expect(post(["ALEX", ON_CHAIN.ALEX, now() + ahead - BOUNDS.age - 1n])).toEqual(refused(errors.ERR_TOO_OLD));
    expect(post(["ALEX", ON_CHAIN.ALEX, 0n])).toEqual(refused(errors.ERR_TOO_OLD));
    expect(post(["ALEX", ON_CHAIN.ALEX, now() + ahead - BOUNDS.age])).toEqual({ posted: "1", tripped: "0" });
  });

  it("refuses a stamp older than the stored one, and takes the same again", () => {
    const at = now();
    post(["ALEX", ON_CHAIN.ALEX, at]);

    expect(post(["ALEX", ON_CHAIN.ALEX, at - 1n])).toEqual(refused(errors.ERR_OLDER_THAN_STORED));
    expect(post(["ALEX", ON_CHAIN.ALEX, at])).toEqual({ posted: "1", tripped: "0" });
  });
});

/** How far the block of the next public call is ahead of what a read-only call sees. */
function clock() {
  const name = "clock-probe";
  if (simnet.getContractSource(`${simnet.deployer}.${name}`) === undefined) {
    simnet.deployContract(name, "(define-public (tell) (ok stacks-block-time))", { clarityVersion: 4 }, simnet.deployer);
  }
  const before = now();
  return { ahead: BigInt(act(simnet, `${simnet.deployer}.${name}`, "tell", [])) - before };
}

describe("get-consensus-price", () => {
  it("is the median: the middle one, or the mean of the middle two rounded down", () => {
    post(["ALEX", 44_444_444_441n], ["WELSH", 1_700_000_000n]);

    expect(consensus("ALEX")).toMatchObject({ price: "44444444442", sources: "2" });
    expect(consensus("WELSH")).toMatchObject({ price: String(ON_CHAIN.WELSH), sources: "3" });
    post(["WELSH", 1_600_000_000n]);
    expect(consensus("WELSH")).toMatchObject({ price: String(ON_CHAIN.WELSH), sources: "3" });
  });

  it("orders four and five sources, wherever the odd one stands", () => {
    call("set-ratio-source", [asset("STSTX")]);
    dia("STX/USD", 47_240_000n, now());
    dia("WELSH/USD", 80_000n, now());
    call("set-dia-source", [asset("WELSH"), Cl.stringAscii("WELSH/USD")]);

    post(["STX", STX_USD], ["WELSH", 1_600_000_000n]);

    // 0.0008 USD / 0.4724 = 0.001693480 STX; the others 0.0016, 0.001666666 twice.
    expect(sources("WELSH").dia.price).toBe(1_693_480_101n);
    expect(consensus("WELSH")).toMatchObject({ price: String(ON_CHAIN.WELSH), sources: "4" });
    post(["STX", STX_USD], ["WELSH", 1_760_000_000n]);
    expect(consensus("WELSH")).toMatchObject({ price: String((1_666_666_666n + 1_693_480_101n) / 2n), sources: "4" });
  });

  it("tells how old its oldest source is", () => {
    const at = now() - 300n;
    post(["ALEX", ON_CHAIN.ALEX, at]);

    expect(consensus("ALEX")["oldest-at"]).toBe(String(at));
  });

  it("STX is always worth one STX, with no source at all", () => {
    expect(consensus("STX")).toMatchObject({ price: String(E12), sources: "1" });
  });

  it("needs the least number of sources", () => {
    expect(consensus("ALEX")).toEqual(refused(errors.ERR_TOO_FEW_SOURCES));
    call("remove-source", [asset("ALEX"), Cl.stringAscii("alex")]);
    post(["ALEX", ON_CHAIN.ALEX]);
    expect(consensus("ALEX")).toEqual(refused(errors.ERR_TOO_FEW_SOURCES));
    configure("ALEX", { ...BOUNDS, least: 1n });
    expect(consensus("ALEX")).toMatchObject({ price: String(ON_CHAIN.ALEX), sources: "1" });
    expect(consensus(`${simnet.deployer}.flow-token`)).toEqual(refused(errors.ERR_UNKNOWN_ASSET));
  });

  it("uses a price to the last second of its bound and not one second longer", () => {
    const at = now();
    post(["ALEX", ON_CHAIN.ALEX, at]);
    const reported = sources("ALEX").reported.at;
    const setAge = (extra) => {
      const { ahead } = clock();
      configure("ALEX", { ...BOUNDS, age: now() + ahead - reported + extra });
      return now() - reported;
    };

    expect(setAge(0n)).toBe(BigInt(read("get-config", asset("ALEX"))["max-age-secs"]));
    expect(consensus("ALEX")).toMatchObject({ sources: "2" });
    expect(setAge(-1n)).toBe(BigInt(read("get-config", asset("ALEX"))["max-age-secs"]) + 1n);
    expect(consensus("ALEX")).toEqual(refused(errors.ERR_STALE_PRICE));
  });

  it("goes stale by itself when nobody posts", () => {
    post(["ALEX", ON_CHAIN.ALEX]);
    expect(consensus("ALEX")).toMatchObject({ sources: "2" });

    simnet.mineEmptyBurnBlocks(3);

    expect(consensus("ALEX")).toEqual(refused(errors.ERR_STALE_PRICE));
    expect(sources("ALEX").reported.price).toBe(ON_CHAIN.ALEX);
  });

  it("refuses sources that a tighter bound finds apart", () => {
    post(["ALEX", 44_000_000_000n]);
    configure("ALEX", { ...BOUNDS, spread: 100n });

    expect(consensus("ALEX")).toEqual(refused(errors.ERR_SOURCES_APART));
  });
});

describe("get-prices", () => {
  it("answers each asset in order, STX with one, and none for what is not agreed", () => {
    post(["ALEX", ON_CHAIN.ALEX], ["WELSH", 2n * ON_CHAIN.WELSH]);
    const asked = ["WELSH", "STX", "ALEX", "DIKO", `${simnet.deployer}.flow-token`];

    expect(read("get-prices", Cl.list(asked.map(asset)))).toEqual([null, String(E12), String(ON_CHAIN.ALEX), null, null]);
    expect(read("get-prices", Cl.list([]))).toEqual([]);
  });
});

describe("the breaker", () => {
  it("stays in at a gap of exactly the bound and trips one unit beyond", () => {
    setReserves("STX", "ALEX", 10n ** 14n, 10n ** 14n); // 1 STX; with 21/19 the mean is 20/19 and the gap a tenth of it
    configure("ALEX", { ...BOUNDS, jump: 1_000n });
    const [edge, beyond] = [1_105_263_157_894n, 1_105_263_157_896n];

    expect(post(["ALEX", edge])).toEqual({ posted: "1", tripped: "0" });
    expect(consensus("ALEX")).toMatchObject({ sources: "2" });
    expect(post(["ALEX", beyond])).toEqual({ posted: "1", tripped: "1" });
    expect(topics).toEqual(["breaker-tripped", "prices-posted"]);
  });

  it("keeps what tripped it for inspection, and the rest of the call", () => {
    const at = now();

    const posted = post(["ALEX", 2n * ON_CHAIN.ALEX, at], ["DIKO", ON_CHAIN.DIKO, at]);

    expect(posted).toEqual({ posted: "2", tripped: "1" });
    expect(sources("ALEX").reported.price).toBe(2n * ON_CHAIN.ALEX);
    expect(consensus("ALEX")).toEqual(refused(errors.ERR_TRIPPED));
    expect(consensus("DIKO")).toMatchObject({ price: String(ON_CHAIN.DIKO) });
  });

  const at = (x) => (10n ** 12n * x) / 1_000n;
  // Venue and report together say x thousandths of an STX for one ALEX.
  const world = (x) => {
    setReserves("STX", "ALEX", 10n ** 11n * x, 10n ** 14n);
    return post(["ALEX", at(x)]);
  };

  it("trips when all sources jump together by more than the bound within a day, and not at the bound", () => {
    expect(world(1_000n)).toEqual({ posted: "1", tripped: "0" });
    expect(read("get-accepted", asset("ALEX")).price).toBe(String(E12));
    expect(world(1_100n)).toEqual({ posted: "1", tripped: "0" });
    expect(world(1_101n)).toEqual({ posted: "1", tripped: "1" });
    expect(consensus("ALEX")).toEqual(refused(errors.ERR_TRIPPED));
    expect(read("get-accepted", asset("ALEX")).price).toBe(String(E12));
  });

  it("cannot be walked past the bound in small steps within an hour", () => {
    expect(world(1_000n)).toEqual({ posted: "1", tripped: "0" });
    expect(world(1_090n)).toEqual({ posted: "1", tripped: "0" });
    expect(world(1_188n)).toEqual({ posted: "1", tripped: "1" });
  });

  it("keeps the ground for an hour, to the second", () => {
    world(1_000n);
    const due = BigInt(read("get-accepted", asset("ALEX")).at) + 3_600n;
    const { ahead } = clock();
    setReserves("STX", "ALEX", 10n ** 11n * 1_090n, 10n ** 14n);
    while (now() + 700n <= due) simnet.mineEmptyBurnBlocks(1);
    while (now() + ahead < due - 10n) simnet.mineEmptyStacksBlocks(1);

    expect(now() + ahead).toBe(due - 10n);
    post(["ALEX", at(1_090n)]);
    expect(read("get-accepted", asset("ALEX")).price).toBe(String(E12));
    expect(now() + ahead).toBe(due);
    post(["ALEX", at(1_090n)]);
    expect(read("get-accepted", asset("ALEX"))).toEqual({ price: String(at(1_090n)), at: String(due) });
  });

  it("follows a move of nine percent an hour", () => {
    for (const x of [1_000n, 1_090n, 1_188n, 1_294n]) {
      expect(world(x)).toEqual({ posted: "1", tripped: "0" });
      expect(read("get-accepted", asset("ALEX")).price).toBe(String(at(x)));
      simnet.mineEmptyBurnBlocks(7); // an hour and a little
    }
  });

  it("forgets the ground after a day, to the second", () => {
    const jumpAfter = (secs) => {
      setReserves("STX", "ALEX", 10n ** 14n, 10n ** 14n);
      post(["ALEX", E12]);
      const ground = BigInt(read("get-accepted", asset("ALEX")).at);
      setReserves("STX", "ALEX", 2n * 10n ** 14n, 10n ** 14n);
      const { ahead } = clock();
      return { ground, due: ground + secs, ahead };
    };
    const first = jumpAfter(86_400n);
    while (now() + 2_000n <= first.due) simnet.mineEmptyBurnBlocks(1);
    while (now() + first.ahead < first.due) simnet.mineEmptyStacksBlocks(1);

    expect(now() + first.ahead).toBe(first.due);
    expect(post(["ALEX", 2n * E12])).toEqual({ posted: "1", tripped: "1" });

    call("reset-breaker", [asset("ALEX")]);
    post(["ALEX", 2n * E12]);
    const second = BigInt(read("get-accepted", asset("ALEX")).at) + 86_400n;
    setReserves("STX", "ALEX", 4n * 10n ** 14n, 10n ** 14n);
    while (now() + first.ahead <= second) simnet.mineEmptyBurnBlocks(1);
    expect(post(["ALEX", 4n * E12])).toEqual({ posted: "1", tripped: "0" });
  });

  it("trips on a reported jump alone, while the median stands", () => {
    post(["WELSH", ON_CHAIN.WELSH]);
    configure("WELSH", { ...BOUNDS, jump: 100n });

    expect(post(["WELSH", (ON_CHAIN.WELSH * 102n) / 100n])).toEqual({ posted: "1", tripped: "1" });
  });

  it("trips on a jump of the median alone, while the report is still within the bound", () => {
    post(["WELSH", ON_CHAIN.WELSH]);
    const fee = Cl.tuple({ num: Cl.uint(997), den: Cl.uint(1000) });
    act(simnet, venues.CORE, "set-pool-for-test", [Cl.uint(1), Cl.uint(1_105n * 10n ** 8n), Cl.uint(60_000n * 10n ** 9n), fee, fee, fee]);
    const reported = (ON_CHAIN.WELSH * 109n) / 100n;

    setReserves("STX", "WELSH", 1_105n * 10n ** 11n, 60_000n * 10n ** 12n);

    expect(post(["WELSH", reported])).toEqual({ posted: "1", tripped: "1" });
    expect(sources("WELSH").alex.price).toBe(1_841_666_666n);
    expect(sources("WELSH").velar.price).toBe(1_841_666_666n);
  });

  it("stays out until it is reset, counts in every later call, and speaks once", () => {
    post(["ALEX", 2n * ON_CHAIN.ALEX]);

    expect(post(["ALEX", ON_CHAIN.ALEX])).toEqual({ posted: "1", tripped: "1" });

    expect(topics).toEqual(["prices-posted"]);
    expect(consensus("ALEX")).toEqual(refused(errors.ERR_TRIPPED));
    expect(read("get-accepted", asset("ALEX"))).toBe(null);
  });

  it("with too few sources neither trips nor accepts", () => {
    call("remove-source", [asset("ALEX"), Cl.stringAscii("alex")]);

    expect(post(["ALEX", ON_CHAIN.ALEX])).toEqual({ posted: "1", tripped: "0" });
    expect(post(["ALEX", 5n * ON_CHAIN.ALEX])).toEqual({ posted: "1", tripped: "0" });
    expect(read("get-accepted", asset("ALEX"))).toBe(null);
    expect(consensus("ALEX")).toEqual(refused(errors.ERR_TOO_FEW_SOURCES));
  });
});

describe("reset-breaker", () => {
  it.each([
    ["the emergency role", guardian],
    ["governance", () => simnet.deployer],
  ])("%s lets the asset be priced again, from new ground", (_, who) => {
    post(["ALEX", ON_CHAIN.ALEX]);
    setReserves("STX", "ALEX", 2n * 10n ** 14n, 10n ** 14n);
    post(["ALEX", 2n * E12]);
    expect(consensus("ALEX")).toEqual(refused(errors.ERR_TRIPPED));

    expect(call("reset-breaker", [asset("ALEX")], who())).toBe(true);

    expect(topics).toEqual(["breaker-reset"]);
    expect(consensus("ALEX")).toMatchObject({ price: String(2n * E12) });
    expect(post(["ALEX", 2n * E12])).toEqual({ posted: "1", tripped: "0" });
  });

  it("refuses strangers and reporters, and a breaker that is in", () => {
    post(["ALEX", 2n * ON_CHAIN.ALEX]);

    for (const sender of [stranger(), reporter()]) {
      expect(call("reset-breaker", [asset("ALEX")], sender)).toEqual(refused(errors.ERR_NOT_GUARDIAN));
    }
    expect(call("reset-breaker", [asset("DIKO")])).toEqual(refused(errors.ERR_NOT_TRIPPED));
    expect(read("is-tripped", asset("ALEX"))).toBe(true);
  });
});

describe("get-stx-usd", () => {
  it("agrees between the report and DIA, and is no price of anything else", () => {
    dia("STX/USD", 47_000_000n, now());
    post(["STX", STX_USD]);

    expect(read("get-stx-usd")).toMatchObject({ price: "471200000000", sources: "2" });
    expect(consensus("STX")).toMatchObject({ price: String(E12) });
  });

  it("does without a DIA that is silent, old or ahead of its time", () => {
    post(["STX", STX_USD]);
    expect(read("get-stx-usd")).toEqual(refused(errors.ERR_TOO_FEW_SOURCES));
    for (const at of [now() - BOUNDS.age - 600n, now() + 10_000n]) {
      dia("STX/USD", 47_000_000n, at);
      post(["STX", STX_USD]);
      expect(read("get-stx-usd")).toEqual(refused(errors.ERR_STALE_PRICE));
    }
  });

  it("lends its age to what DIA says of other assets", () => {
    const at = now() - 300n;
    dia("STX/USD", 47_240_000n, now());
    dia("ALEX/USD", 2_100_000n, now());
    call("set-dia-source", [asset("ALEX"), Cl.stringAscii("ALEX/USD")]);

    post(["STX", STX_USD, at], ["ALEX", ON_CHAIN.ALEX]);

    expect(sources("ALEX").dia).toEqual({ price: (21_000_000_000n * E12) / STX_USD, at });
  });

  it("without it, DIA says nothing about other assets", () => {
    dia("ALEX/USD", 2_100_000n, now());
    call("set-dia-source", [asset("ALEX"), Cl.stringAscii("ALEX/USD")]);

    post(["ALEX", ON_CHAIN.ALEX]);

    expect(Object.keys(sources("ALEX"))).toEqual(["reported", "alex"]);
  });
});

describe("on-chain sources", () => {
  it("stSTX has a pool and follows the ratio", () => {
    setReserves("STX", "STSTX", 500_000n * 10n ** 8n, 500_000n * 10n ** 8n);
    act(simnet, venues.RATIO, "set-ratio-for-test", [Cl.uint(1_020_000)]);

    post(["STSTX", 1_010_000_000_000n]);

    expect(sources("STSTX").ratio.price).toBe(1_020_000_000_000n);
    expect(sources("STSTX").alex.price).toBe(1_000_000_000_000n);
    expect(consensus("STSTX")).toMatchObject({ price: "1010000000000", sources: "3" });
  });

  it("a pool in the other order is read without inverting", () => {
    const key = [principal(WRAPPED.STX), principal(WRAPPED.ALEX), Cl.uint(FACTOR.product)];
    act(simnet, venues.REGISTRY, "remove-pool-for-test", key);
    venues.openAlexPool(simnet, WRAPPED.ALEX, WRAPPED.STX, FACTOR.product, 9n * 10n ** 14n, 4n * 10n ** 13n);

    expect(alexSource("ALEX", hop("ALEX", "STX", FACTOR.product, false))).toBe(true);
    post(["ALEX", ON_CHAIN.ALEX]);

    expect(sources("ALEX").alex.price).toBe(ON_CHAIN.ALEX);
    setReserves("ALEX", "STX", 10n ** 26n, 10n ** 27n);
    expect(post(["ALEX", ON_CHAIN.ALEX])).toEqual({ posted: "1", tripped: "0" });
  });

  it.each([
    ["an empty pool", () => setReserves("STX", "ALEX", 0n, 0n)],
    ["half a pool", () => setReserves("STX", "ALEX", 0n, 10n ** 14n)],
    ["a pool beyond all measure", () => setReserves("STX", "ALEX", 10n ** 27n, 10n ** 14n)],
    ["a pool that was closed", () => act(simnet, venues.REGISTRY, "remove-pool-for-test", [principal(WRAPPED.STX), principal(WRAPPED.ALEX), Cl.uint(FACTOR.product)])],
  ])("%s says nothing, keeps what it said before, and does not stop the others", (_, spoil) => {
    post(["ALEX", ON_CHAIN.ALEX]);
    const before = sources("ALEX").alex;
    spoil();

    expect(post(["ALEX", ON_CHAIN.ALEX], ["WELSH", ON_CHAIN.WELSH])).toEqual({ posted: "2", tripped: "0" });

    expect(sources("ALEX").alex).toEqual(before);
    expect(Object.keys(sources("WELSH"))).toEqual(["reported", "alex", "velar"]);
  });

  it("an emptied stable pool, an emptied Velar pool and an unknown ratio do not stop a post either", () => {
    setReserves("STX", "STSTX", 0n, 10n ** 14n);
    act(simnet, venues.RATIO, "set-ratio-for-test", [Cl.uint(0)]);
    const fee = Cl.tuple({ num: Cl.uint(997), den: Cl.uint(1000) });
    act(simnet, venues.CORE, "set-pool-for-test", [Cl.uint(1), Cl.uint(0), Cl.uint(0), fee, fee, fee]);

    expect(post(["STSTX", ON_CHAIN.STSTX], ["WELSH", ON_CHAIN.WELSH])).toEqual({ posted: "2", tripped: "0" });

    expect(Object.keys(sources("STSTX"))).toEqual(["reported"]);
    expect(Object.keys(sources("WELSH"))).toEqual(["reported", "alex"]);
  });

  it("are refused when they do not answer or belong to another asset", () => {
    const bad = refused(errors.ERR_BAD_SOURCE);

    expect(alexSource("ALEX")).toEqual(bad);
    expect(alexSource("ALEX", hop("WELSH", "DIKO"))).toEqual(bad);
    expect(alexSource("STX", hop("STX", "ALEX"))).toEqual(bad);
    expect(velarSource("WELSH", 2)).toEqual(bad);
    expect(velarSource("WELSH", 1, true)).toEqual(bad);
    expect(velarSource("ALEX", 1)).toEqual(bad);
    expect(velarSource("STX", 1, true)).toEqual(bad);
    expect(call("set-ratio-source", [asset("ALEX")])).toEqual(bad);
    expect(call("set-dia-source", [asset("ALEX"), Cl.stringAscii("")])).toEqual(bad);
    expect(call("remove-source", [asset("ALEX"), Cl.stringAscii("rumour")])).toEqual(bad);
  });

  it.each(["alex", "velar", "reported"])("%s can be removed and is forgotten", (source) => {
    post(["WELSH", ON_CHAIN.WELSH]);

    expect(call("remove-source", [asset("WELSH"), Cl.stringAscii(source)])).toBe(true);

    expect(topics).toEqual(["source-removed"]);
    expect(sources("WELSH")[source]).toBe(undefined);
    expect(consensus("WELSH")).toMatchObject({ sources: "2" });
    post(["WELSH", ON_CHAIN.WELSH]);
    expect(sources("WELSH")[source] === undefined).toBe(source !== "reported");
  });

  it("ratio and DIA can be removed as well", () => {
    dia("STX/USD", 47_240_000n, now());
    post(["STX", STX_USD], ["STSTX", ON_CHAIN.STSTX]);
    for (const [symbol, source] of [["STSTX", "ratio"], ["STX", "dia"]]) call("remove-source", [asset(symbol), Cl.stringAscii(source)]);
    post(["STX", STX_USD], ["STSTX", ON_CHAIN.STSTX]);

    expect(Object.keys(sources("STX"))).toEqual(["reported"]);
    expect(sources("STSTX").ratio).toBe(undefined);
  });
});

describe("governance", () => {
  it("alone sets bounds and sources", () => {
    const no = refused(errors.ERR_NOT_GOVERNANCE);
    for (const sender of [stranger(), reporter(), guardian()]) {
      expect(configure("ALEX", BOUNDS, sender)).toEqual(no);
      expect(call("set-alex-source", [asset("ALEX"), Cl.list([hop("STX", "ALEX")])], sender)).toEqual(no);
      expect(call("set-velar-source", [asset("WELSH"), Cl.uint(1), Cl.bool(false)], sender)).toEqual(no);
      expect(call("set-ratio-source", [asset("STSTX")], sender)).toEqual(no);
      expect(call("set-dia-source", [asset("STX"), Cl.stringAscii("STX/USD")], sender)).toEqual(no);
      expect(call("remove-source", [asset("ALEX"), Cl.stringAscii("alex")], sender)).toEqual(no);
    }
  });

  it("cannot set bounds of zero or beyond what the design allows", () => {
    const worst = { least: 6n, age: 86_401n, spread: 1_001n, jump: 1_001n };
    for (const name of Object.keys(BOUNDS)) {
      for (const value of [0n, worst[name]]) {
        expect(configure("ALEX", { ...BOUNDS, [name]: value })).toEqual(refused(errors.ERR_BAD_CONFIG));
      }
      expect(configure("ALEX", { ...BOUNDS, [name]: worst[name] - 1n })).toBe(true);
    }
    expect(topics).toEqual(["asset-configured"]);
    expect(alexSource("ALEX", hop("STX", "ALEX"))).toBe(true);
    expect(topics).toEqual(["source-set"]);
  });
});
