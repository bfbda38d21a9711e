// One piece of work on one slice, again and again with the reference library, and how often a second it is done.
// Standard input: the slice as benchmarks/slice.py describes it, and which task. Standard output: { perSecond, raw };
// the bytes are compared with Python's, so that both did the same work.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../contracts/package.json", import.meta.url));
const { Cl, PostConditionMode, deserializeCV, makeContractCall, serializeCV } = require("@stacks/transactions");

const slice = JSON.parse(readFileSync(0, "utf8"));
const [contractAddress, contractName] = slice.contract.split(".");

const principal = (text) => (text.includes(".") ? Cl.contractPrincipal(...text.split(".")) : Cl.standardPrincipal(text));

const leg = ({ sell, buy, amount, min_out: minOut, adapter, fallback }) =>
  Cl.tuple({
    from: principal(sell),
    to: principal(buy),
    amount: Cl.uint(amount),
    "min-out": Cl.uint(minOut),
    dex: principal(adapter),
    fallback: fallback === null ? Cl.none() : Cl.some(principal(fallback)),
  });

const values = () => [...slice.head.map((number) => Cl.uint(number)), Cl.list(slice.legs.map(leg))];

async function sign() {
  const transaction = await makeContractCall({
    contractAddress,
    contractName,
    functionName: slice.function,
    functionArgs: values(),
    postConditions: slice.conditions,
    postConditionMode: PostConditionMode.Originator,
    senderKey: slice.key,
    network: "testnet",
    nonce: slice.nonce,
    fee: slice.fee,
  });
  return transaction.serialize();
}

// Hex is this library's own form: from and to it, it is quicker than from and to bytes.
const write = (list) => list.map((value) => serializeCV(value)).join("");
const built = values();
const written = built.map((value) => serializeCV(value));

const tasks = {
  sign: { once: sign, raw: (made) => made },
  build: { once: () => write(values()), raw: (made) => made },
  serialise: { once: () => write(built), raw: (made) => made },
  decode: { once: () => written.map((hex) => deserializeCV(hex)), raw: write },
};
const { once, raw } = tasks[slice.task];

// Seconds are of the processor. Only signing has to be awaited; awaiting the others would charge them for it.
async function repeat(seconds) {
  const waits = slice.task === "sign";
  const start = process.cpuUsage();
  let times = 0;
  let spent = 0;
  let made;
  while (spent < seconds) {
    made = waits ? await once() : once();
    times += 1;
    const { user, system } = process.cpuUsage(start);
    spent = (user + system) / 1_000_000;
  }
  return { perSecond: times / spent, raw: raw(made) };
}

await repeat(slice.warmUp);
process.stdout.write(JSON.stringify(await repeat(slice.seconds)));
