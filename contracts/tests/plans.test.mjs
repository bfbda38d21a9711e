// The deployment plans are what the tool writes, and carrying one out opens three pools that stakers govern.

import { existsSync, readFileSync } from "node:fs";
import { Cl } from "@stacks/transactions";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";

import { makeProject } from "../devnet/project.mjs";
import { NETWORKS, SBTC, UNSET, manifest, planFor, planPath, planText, versionOf, whoOf } from "../tools/plans.mjs";
import { ADAPTERS, POOLS, marketCalls } from "../tools/plans/launch.mjs";
import { plain } from "./kit.mjs";

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
// A plan whose addresses are filled in: on the simulated chain, which is a testnet, these are its accounts.
const FILLED_IN = {
  deployer: "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM",
  keeper: "ST2NEB84ASENDXKYGJPQW86YXQCEFEX2ZQPG87ND",
  reporter: "ST2JHG361ZXG51QTKY2NQCVBPPRRE2KZB1HR05NNC",
  emergency: "ST2REHHS5J3CERCRBEPMGH7921Q6PYKAADT7JP2VB",
  guardian: "ST3AM1A56AK2C1XAFJ4115ZSV26EB49BVQ10MGCS0",
};
const { deployer } = FILLED_IN;
const ADDRESS = /^S[PTMN][0-9A-Z]{26,40}$/;

describe.each(NETWORKS)("the plan of %s", (network) => {
  const transactions = parse(read(planPath(network))).plan.batches.flatMap((batch) => batch.transactions);

  it("is what the tool writes", () => {
    expect(read(planPath(network))).toBe(planText(network));
  });

  it("says in its first lines which addresses are still to be filled in", () => {
    const unset = Object.entries(whoOf(network)).filter(([, address]) => address === UNSET[network]);
    for (const [role] of unset) expect(read(planPath(network)).split("\n")[1]).toContain(role);
  });

  it("publishes files that exist, and names a sender in every transaction", () => {
    for (const step of transactions.map((each) => Object.values(each)[0])) {
      if (step.path !== undefined) expect(existsSync(new URL(`../${step.path}`, import.meta.url)), step.path).toBe(true);
      expect(step["expected-sender"] ?? step["remap-sender"]).toMatch(ADDRESS);
    }
  });
});

it("the plan of testnet names no mainnet address but those it replaces", () => {
  for (const transaction of planFor("testnet").plan.batches.flatMap((batch) => batch.transactions)) {
    const { "remap-principals": remap = {}, "contract-id": id = "", path, ...rest } = Object.values(transaction)[0];
    if (transaction["requirement-publish"] === undefined) expect(JSON.stringify(rest) + id).not.toMatch(/\bS[PM][0-9A-Z]{26,40}/);
    else expect(Object.keys(remap)).toContain(id.split(".")[0]);
    expect(path ?? "src").toMatch(/^(src|doubles)/);
  }
});

describe("carrying the plan out", () => {
  const projects = [];
  afterAll(() => projects.forEach((project) => project.remove()));

  // One test each: the chain starts anew before every test. A second session of one manifest keeps its first epoch.
  it.each(NETWORKS)("of %s opens the pools, gives out the roles and leaves nothing to the deployer", async (network) => {
    projects.push(makeProject({ bare: true }));
    await simnet.initSession(process.cwd(), projects.at(-1).manifestPath);
    if (network === "mainnet") openVenues();
    const { batches } = planFor(network, { ...whoOf(network), ...FILLED_IN }).plan;
    const remap = new Map();
    for (const { epoch, transactions } of batches) {
      simnet.setEpoch(epoch);
      for (const each of transactions) carryOut(each, remap);
    }

    expectPools();
    expectRoles();
    expect(ask("pool-access", "get-governance")).toBe(`${deployer}.pool-governance`);
    expect(ask("pool-access", "is-governance", Cl.principal(deployer))).toBe(false);
  });
});

const ask = (contract, fn, ...args) => plain(simnet.callReadOnlyFn(`${deployer}.${contract}`, fn, args, deployer).result);
const hasRole = (who, role) => ask("pool-access", "has-role", Cl.principal(who), Cl.stringAscii(role));

function expectPools() {
  expect(ask("whale-pool-vault", "get-pool-count")).toBe(BigInt(POOLS.length));
  POOLS.forEach(({ name, bps }, n) => {
    expect(ask("whale-pool-vault", "get-pool", Cl.uint(n + 1)).name).toBe(name);
    const rows = ask("whale-pool-vault", "get-pool-assets", Cl.uint(n + 1));
    expect(rows.map((row) => Number(row.bps)).sort()).toEqual(Object.values(bps).sort());
  });
  for (const name of ADAPTERS) {
    expect(ask("pool-portfolios", "get-adapter", Cl.contractPrincipal(deployer, name)), name).not.toBeNull();
  }
}

function expectRoles() {
  for (const role of ["keeper", "reporter", "emergency", "guardian", "creator", "rebalancer"]) {
    for (const [holder, address] of Object.entries(FILLED_IN)) expect(hasRole(address, role), `${holder} as ${role}`).toBe(holder === role);
  }
  expect(hasRole(`${deployer}.pool-rebalancer`, "rebalancer")).toBe(true);
}

/** Mainnet has the venues already; here they are the doubles at the same principals. */
function openVenues() {
  for (const id of manifest().outside) {
    const { epoch, version } = versionOf(id);
    simnet.setEpoch(epoch);
    publish(id.split(".")[1], read(`doubles/${id}.clar`), version, id.split(".")[0]);
  }
  for (const [contract, method, parameters] of marketCalls()) {
    const words = parameters.join(" ").replaceAll("'@deployer", `'${deployer}`);
    const { result } = simnet.execute(`(contract-call? '${contract} ${method} ${words})`);
    expect(result.type, `${contract} ${method}: ${Cl.prettyPrint(result)}`).toBe("ok");
  }
}

function publish(name, source, clarityVersion, sender) {
  const { result } = simnet.deployContract(name, source, { clarityVersion }, sender);
  expect(result.type, name).toBe("true");
}

/** Does what Clarinet does with one transaction; replaced addresses stay replaced in everything after them. */
function carryOut(transaction, remap) {
  const [[kind, step]] = Object.entries(transaction);
  // The simulated chain has sBTC under its mainnet address only.
  const to = (address) => (address === SBTC.testnet ? SBTC.mainnet : address);
  const replaced = (text) => [...remap].reduce((soFar, [from, address]) => soFar.replaceAll(from, to(address)), text);
  if (kind === "requirement-publish") {
    for (const [from, address] of Object.entries(step["remap-principals"])) remap.set(from, address);
    publish(step["contract-id"].split(".")[1], replaced(read(step.path)), step["clarity-version"], step["remap-sender"]);
  } else if (kind === "contract-publish") {
    publish(step["contract-name"], replaced(read(step.path)), step["clarity-version"], step["expected-sender"]);
  } else {
    // Parameters are Clarity, so Clarity reads them; the deployer is who speaks on the simulated chain.
    expect(step["expected-sender"]).toBe(simnet.deployer);
    const parameters = step.parameters.join(" ").replaceAll(SBTC.testnet, SBTC.mainnet);
    const { result } = simnet.execute(`(contract-call? '${step["contract-id"]} ${step.method} ${parameters})`);
    expect(result.type, `${step.method} ${step.parameters}: ${Cl.prettyPrint(result)}`).toBe("ok");
  }
}
