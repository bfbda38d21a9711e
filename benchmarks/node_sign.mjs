// Builds and signs one slice again and again with the reference library, and says how often a second.
// Standard input: the slice as benchmarks/signing.py describes it. Standard output: { perSecond, raw }; the bytes
// are compared with Python's, so that both did the same work.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../contracts/package.json", import.meta.url));
const { Cl, PostConditionMode, makeContractCall } = require("@stacks/transactions");

const task = JSON.parse(readFileSync(0, "utf8"));
const [contractAddress, contractName] = task.contract.split(".");

const principal = (text) => (text.includes(".") ? Cl.contractPrincipal(...text.split(".")) : Cl.standardPrincipal(text));

const leg = ({ sell, buy, amount, min_out: minOut, adapter }) =>
  Cl.tuple({
    from: principal(sell),
    to: principal(buy),
    amount: Cl.uint(amount),
    "min-out": Cl.uint(minOut),
    dex: principal(adapter),
  });

async function once() {
  const transaction = await makeContractCall({
    contractAddress,
    contractName,
    functionName: task.function,
    functionArgs: [...task.head.map((number) => Cl.uint(number)), Cl.list(task.legs.map(leg))],
    postConditions: task.conditions,
    postConditionMode: PostConditionMode.Originator,
    senderKey: task.key,
    network: "testnet",
    nonce: task.nonce,
    fee: task.fee,
  });
  return transaction.serialize();
}

async function repeat(seconds) {
  const start = performance.now();
  let times = 0;
  let raw = "";
  while (performance.now() - start < seconds * 1000) {
    raw = await once();
    times += 1;
  }
  return { perSecond: (times * 1000) / (performance.now() - start), raw };
}

await repeat(task.seconds / 4);
process.stdout.write(JSON.stringify(await repeat(task.seconds)));
