// Writes the deployment plans of testnet and mainnet in Clarinet's format, every address spelt out.
//
//   node tools/plans.mjs           write deployments/default.{mainnet,testnet}-plan.yaml
//   node tools/plans.mjs --check   say whether they are what this would write; exit 1 when not
//
// Whose addresses they are stands in deployments/who.<network>.json. The burn address in there means "fill this in":
// nobody has its key, so that a plan with it left in cannot be carried out by accident.

import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { stringify } from "yaml";

import { NEEDS_YOUNGER } from "../devnet/prepare.mjs";
import { launchCalls, marketCalls } from "./plans/launch.mjs";

const CONTRACTS_DIR = new URL("../", import.meta.url);
export const NETWORKS = ["mainnet", "testnet"];
export const UNSET = { mainnet: "SP000000000000000000002Q6VF78", testnet: "ST000000000000000000002AMW42H" };

const EPOCH = "3.4";
const CLARITY_VERSION = 4;
const OLD_DOUBLE = { epoch: "2.1", version: 2 };
const YOUNG_DOUBLE = { epoch: "3.3", version: 4 };
// Ten µSTX a byte, in whole steps, so that an edited comment does not change a plan.
const FEE_STEP_BYTES = 10_000;
const FEE_STEP_USTX = 100_000;
const CALL_FEE_USTX = 50_000;
// A node keeps at most 25 transactions of one sender waiting.
const BATCH = 20;
// sBTC is the one outside contract that has an official deployment on testnet.
export const SBTC = { mainnet: "SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4", testnet: "ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT" };
const OUTSIDE = /\bS[PM][0-9A-Z]{26,40}\b/g;

const read = (path) => readFileSync(new URL(path, CONTRACTS_DIR), "utf8");
export const planPath = (network) => `deployments/default.${network}-plan.yaml`;

/** What the manifest lists: our contracts in order, and the outside contracts that stand in for real ones in tests. */
export function manifest() {
  const toml = read("Clarinet.toml");
  const contracts = [...toml.matchAll(/^\[contracts\.([\w-]+)\]\npath = "([^"]+)"/gm)].map(([, name, path]) => ({ name, path }));
  const outside = [...toml.matchAll(/^contract_id\s*=\s*"([^"]+)"/gm)].map(([, id]) => id);
  return { contracts, outside: inOrder(outside) };
}

/** What a double is deployed as. */
export const versionOf = (id) => (NEEDS_YOUNGER.test(read(`doubles/${id}.clar`)) ? YOUNG_DOUBLE : OLD_DOUBLE);

/** The outside contracts, each after those it names, the old ones first: epochs do not go back. */
function inOrder(all) {
  const ids = [...all].sort((one, other) => versionOf(one).version - versionOf(other).version);
  const placed = new Set();
  const place = (id) => {
    if (placed.has(id)) return;
    const named = read(`doubles/${id}.clar`).match(/'S[PM][0-9A-Z]+\.[\w-]+/g) ?? [];
    for (const other of ids) if (other !== id && named.includes(`'${other}`)) place(other);
    placed.add(id);
  };
  ids.forEach(place);
  return [...placed];
}

export function whoOf(network) {
  return JSON.parse(read(`deployments/who.${network}.json`));
}

/** The plan of a network as a plain object. */
export function planFor(network, who = whoOf(network)) {
  const { contracts, outside } = manifest();
  const remap = network === "mainnet" ? {} : remapped(outside, who.deployer);
  const steps = [
    ...(network === "mainnet" ? [] : outside.map((id) => ({ epoch: versionOf(id).epoch, ...publishDouble(id, who.deployer, remap) }))),
    ...contracts.map(({ name, path }) => ({ epoch: EPOCH, ...publish(name, path, who.deployer) })),
    ...(network === "mainnet" ? [] : marketCalls()).map((call) => ({ epoch: EPOCH, ...contractCall(call, who, remap) })),
    ...launchCalls().map((call) => ({ epoch: EPOCH, ...contractCall(call, who, remap) })),
  ];
  return {
    id: 0,
    name: `Whale Strategy Pools on ${network}`,
    network,
    "stacks-node": who["stacks-node"],
    "bitcoin-node": who["bitcoin-node"],
    plan: { batches: batches(steps) },
  };
}

/** Venues do not exist on testnet: our doubles stand there instead, under our own deployer. */
function remapped(outside, deployer) {
  return { ...Object.fromEntries(outside.map((id) => [id.split(".")[0], deployer])), [SBTC.mainnet]: SBTC.testnet };
}

function publishDouble(id, deployer, remap) {
  const path = `doubles/${id}.clar`;
  const named = new Set([id, read(path)].flatMap((text) => text.match(OUTSIDE) ?? []));
  return {
    "requirement-publish": {
      "contract-id": id,
      "remap-sender": deployer,
      "remap-principals": Object.fromEntries(Object.entries(remap).filter(([address]) => named.has(address))),
      cost: feeOf(path),
      path,
      "clarity-version": versionOf(id).version,
    },
  };
}

const feeOf = (path) => Math.ceil(read(path).length / FEE_STEP_BYTES) * FEE_STEP_USTX;

function publish(name, path, deployer) {
  return {
    "contract-publish": {
      "contract-name": name,
      "expected-sender": deployer,
      cost: feeOf(path),
      path,
      "anchor-block-only": true,
      "clarity-version": CLARITY_VERSION,
    },
  };
}

function contractCall([contract, method, parameters], who, remap) {
  return {
    "contract-call": {
      "contract-id": contract.includes(".") ? spellOut(contract, who, remap) : `${who.deployer}.${contract}`,
      "expected-sender": who.deployer,
      method,
      parameters: parameters.map((value) => spellOut(value, who, remap)),
      cost: CALL_FEE_USTX,
    },
  };
}

function spellOut(value, who, remap) {
  return value
    .replaceAll("'@.", `'${who.deployer}.`)
    .replaceAll(/'@(\w+)/g, (_, role) => `'${who[role]}`)
    .replaceAll(OUTSIDE, (address) => remap[address] ?? address);
}

function batches(steps) {
  const found = [];
  for (const { epoch, ...transaction } of steps) {
    const last = found.at(-1);
    if (last === undefined || last.epoch !== epoch || last.transactions.length === BATCH) {
      found.push({ id: found.length, transactions: [transaction], epoch });
    } else {
      last.transactions.push(transaction);
    }
  }
  return found;
}

/** The file's text. */
export function planText(network) {
  const unset = Object.entries(whoOf(network)).filter(([, address]) => address === UNSET[network]).map(([role]) => role);
  const warning = unset.length === 0 ? "" : `# Not ready: ${unset.join(", ")} still to be filled in, in deployments/who.${network}.json.\n`;
  return `# Written by tools/plans.mjs; do not edit.\n${warning}${stringify(planFor(network), { lineWidth: 0, aliasDuplicateObjects: false })}`;
}

function main(check) {
  const wrong = NETWORKS.filter((network) => {
    const file = new URL(planPath(network), CONTRACTS_DIR);
    if (!check) writeFileSync(file, planText(network));
    return readFileSync(file, "utf8") !== planText(network);
  });
  for (const network of NETWORKS) {
    const transactions = planFor(network).plan.batches.flatMap((batch) => batch.transactions);
    const cost = transactions.reduce((sum, each) => sum + Object.values(each)[0].cost, 0);
    const state = wrong.includes(network) ? "out of date: run node tools/plans.mjs" : "in order";
    console.log(`${network}: ${transactions.length} transactions, ${(cost / 1e6).toFixed(2)} STX in fees; ${state}`);
  }
  process.exitCode = wrong.length > 0 ? 1 : 0;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main(process.argv.includes("--check"));
}
