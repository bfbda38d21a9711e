import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import { DEPLOYER, MAX_UINT, at, boot, call, errorsOf, expectError, must, now, ours, p, read, u, who } from "./kit.mjs";
import { HASH, whaleList } from "./voting.mjs";

const errors = errorsOf("whale-list");
const { alice, bob, carol, keeper, stranger, guardian } = who;
const OTHER = "cd".repeat(32);
const set = (rows, { by = DEPLOYER, id = 1, hash = HASH, proposal = 7 } = {}) =>
  call(by, "whale-list", "set-whales", u(id), whaleList(rows), Cl.bufferFromHex(hash), u(proposal));
const get = (id = 1) => read("whale-list", "get-whales", u(id));
const asRows = (rows) => rows.map(([whale, bps]) => ({ whale, "weight-bps": BigInt(bps) }));

beforeEach(() => boot());

describe("set-whales", () => {
  it("keeps the list, where it was published and when", () => {
    const first = [[alice, 6_000], [bob, 4_000]];
    expect(set(first).result).toBeOk(Cl.bool(true));
    expect(get()).toEqual({ whales: asRows(first), "source-hash": HASH, "set-at": now() - 10n, "proposal-id": 7n });
    expect([get(2), get(0)]).toEqual([null, null]);
  });

  it("puts one list in the place of the other and tells both", () => {
    set([[alice, 10_000]]);
    const { prints } = set([[bob, 10_000]], { hash: OTHER, proposal: 8 });
    expect(prints).toEqual([{
      topic: "whales-set", "pool-id": 1n, "proposal-id": 8n, before: asRows([[alice, 10_000]]), after: asRows([[bob, 10_000]]),
      "source-hash": OTHER,
    }]);
  });

  it("is for governance alone", () => {
    for (const by of [stranger, keeper, alice, guardian, who.creator, who.mover]) {
      expectError(set([[by, 10_000]], { by }), errors.ERR_NOT_GOVERNANCE);
    }
    must(DEPLOYER, "pool-access", "hand-over", ours("pool-governance"));
    expectError(set([[alice, 10_000]]), errors.ERR_NOT_GOVERNANCE);
    expect(get()).toBe(null);
  });

  it("takes one whale and twenty, also contracts", () => {
    expect(set([[at("flow-staking"), 10_000]]).result.type).toBe("ok");
    const twenty = Array.from({ length: 20 }, (_, n) => [at(`whale-${n}`), 500]);
    expect(set(twenty).result.type).toBe("ok");
    expect(get().whales).toHaveLength(20);
    expectError(set([...twenty.slice(0, 19), [at("whale-0"), 500]]), errors.ERR_DUPLICATE_WHALE);
  });

  it.each([
    ["no whale", [], "ERR_NO_WHALES"],
    ["a whale twice", [[alice, 5_000], [alice, 5_000]], "ERR_DUPLICATE_WHALE"],
    ["a weight of zero alone", [[alice, 0]], "ERR_BAD_SUM"],
    ["a weight of one alone", [[alice, 1]], "ERR_BAD_SUM"],
    ["one too few", [[alice, 5_000], [bob, 4_999]], "ERR_BAD_SUM"],
    ["one too many", [[alice, 5_000], [bob, 5_001]], "ERR_BAD_SUM"],
    ["all and one", [[alice, 10_001]], "ERR_BAD_SUM"],
    ["the largest number", [[alice, 10_000], [bob, MAX_UINT], [carol, 1]], "ERR_BAD_SUM"],
  ])("refuses %s", (_, rows, name) => {
    expectError(set(rows), errors[name]);
    expect(read("whale-list", "check-whales", whaleList(rows))).toEqual({ err: errors[name] });
    expect(get()).toBe(null);
  });
});
