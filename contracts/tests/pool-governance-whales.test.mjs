import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import { DAY, LAUNCH, MAX_UINT, createPool, errorsOf, expectError, now, read, u, warpTo, who } from "./kit.mjs";
import { HASH, HOUR, ballot, conclude, openHouse, propose, proposal, proposeWhales, toDue, vote } from "./voting.mjs";

const errors = errorsOf("pool-governance");
const { alice, bob, carol, keeper, stranger, guardian } = who;
const TWO = [[alice, 7_000], [bob, 3_000]];
const asRows = (rows) => rows.map(([whale, bps]) => ({ whale, "weight-bps": BigInt(bps) }));
const whales = (id = 1) => read("whale-list", "get-whales", u(id));
const whaleProposal = (id) => read("pool-governance", "get-whale-proposal", u(id));
const latest = (id = 1) => read("pool-governance", "get-latest-whale-proposal", u(id));

beforeEach(() => openHouse());

describe("propose-whales", () => {
  it("opens a vote of one day and says what for", () => {
    const { result, prints } = proposeWhales(TWO);
    expect(result).toBeOk(u(1));
    expect(prints[1]).toEqual({
      topic: "whales-proposed", "proposal-id": 1n, "pool-id": 1n, proposer: keeper, whales: asRows(TWO), "source-hash": HASH,
    });
    const made = now() - 10n;
    expect(whaleProposal(1)).toMatchObject({
      kind: "whales", "pool-id": 1n, whales: asRows(TWO), "source-hash": HASH, proposer: keeper, state: "voting",
      "created-at": made, "ends-at": made + DAY, "due-at": made + DAY + HOUR, "stale-at": made + 8n * DAY + HOUR,
    });
    expect([latest(), whales()]).toEqual([1n, null]);
  });

  it("is for keepers and for one percent of the stake", () => {
    for (const by of [stranger, guardian]) expectError(proposeWhales(TWO, { by }), errors.ERR_NOT_PROPOSER);
    expect(proposeWhales(TWO, { by: carol }).result).toBeOk(u(1));
  });

  it("needs a pool and a list that could be set", () => {
    for (const id of [0n, 2n, MAX_UINT]) expectError(proposeWhales(TWO, { id }), errors.ERR_NO_POOL);
    const bad = [
      [],
      [[alice, 10_000], [alice, 0]],
      [[alice, 9_999]],
      [[alice, 10_001]],
      [[alice, 0]],
      [[alice, 1], [bob, MAX_UINT]],
      [[alice, MAX_UINT]],
    ];
    for (const rows of bad) expectError(proposeWhales(rows), errors.ERR_BAD_WHALES);
  });

  it("is one at a time for a pool, apart from its mandates and from other pools", () => {
    createPool("pool-share-2", LAUNCH);
    proposeWhales(TWO);
    expectError(proposeWhales(TWO), errors.ERR_IN_VOTE);
    expect(propose().result).toBeOk(u(2));
    expect(proposeWhales(TWO, { id: 2 }).result).toBeOk(u(3));
    expect([latest(1), latest(2), read("pool-governance", "get-latest-proposal", u(1))]).toEqual([1n, 3n, 2n]);
    expect([whaleProposal(2), proposal(1), whaleProposal(9)]).toEqual([null, null, null]);
    toDue(1);
    conclude(1);
    expect(proposeWhales(TWO).result).toBeOk(u(4));
  });
});

describe("a passed proposal for whales", () => {
  it("is written to the whale list when it is carried out, by anyone", () => {
    proposeWhales(TWO);
    vote(alice, 1);
    toDue();
    expect(whales()).toBe(null);
    const { result, topics, prints } = conclude(1, stranger);
    expect(result).toBeOk(Cl.bool(true));
    expect(topics).toEqual(["whales-set", "proposal-concluded"]);
    expect(prints[0]).toMatchObject({ "pool-id": 1n, "proposal-id": 1n, before: [], after: asRows(TWO) });
    expect(whales()).toEqual({ whales: asRows(TWO), "source-hash": HASH, "set-at": now() - 10n, "proposal-id": 1n });
    expect(whaleProposal(1).state).toBe("passed");
  });

  it("takes the place of the list before", () => {
    for (const [id, rows] of [[1, TWO], [2, [[carol, 10_000]]]]) {
      proposeWhales(rows);
      vote(alice, id);
      toDue(id);
      conclude(id);
    }
    expect(whales()).toMatchObject({ whales: asRows([[carol, 10_000]]), "proposal-id": 2n });
  });

  it("changes nothing when it was rejected, or came too late", () => {
    proposeWhales(TWO);
    toDue(1);
    expect(conclude(1).result).toBeOk(Cl.bool(false));
    proposeWhales(TWO);
    vote(alice, 2);
    warpTo(ballot(2)["stale-at"]);
    expect(conclude(2).result).toBeOk(Cl.bool(false));
    expect([whaleProposal(1).state, whaleProposal(2).state, whales()]).toEqual(["rejected", "expired", null]);
  });
});
