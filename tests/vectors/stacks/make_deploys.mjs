// Writes deploys.json beside the other vectors: contracts put on the chain, as the reference library makes them.
// node tests/vectors/stacks/make_deploys.mjs | gzip -9n > tests/vectors/stacks/deploys.json.gz
import { createHash } from "node:crypto";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../contracts/package.json", import.meta.url));
const tx = require("@stacks/transactions");

const seeded = (text) => createHash("sha256").update(text).digest();
const NETWORKS = { mainnet: [0, 1], testnet: [0x80, 0x80000000] };
const SOURCES = [
  "",
  "(print u1)",
  "(define-public (go)\n\t(ok true))\n",
  ";; every printable character\n" + String.fromCharCode(...Array.from({ length: 95 }, (_, i) => 32 + i)),
  "(define-constant a u1)\n".repeat(3000),
];
const NAMES = ["a", "pool-share-1", "A_b-9", "x".repeat(40), "whale-pool-vault"];
const MODES = ["deny", "allow", "originator"];
const NUMBERS = ["0", "1", "30000", "18446744073709551615"];

function parts(n) {
  const key = seeded(`deploy ${n}`).toString("hex") + (n % 5 === 4 ? "" : "01");
  const publicKey = tx.privateKeyToPublic(key);
  const network = n % 2 ? "testnet" : "mainnet";
  const [version, chainId] = NETWORKS[network];
  return {
    key,
    publicKey,
    network,
    version,
    chainId,
    name: NAMES[n % NAMES.length],
    source: SOURCES[Math.floor(n / 2) % SOURCES.length],
    clarity: n % 7 || null,
    mode: MODES[n % 3],
    nonce: NUMBERS[n % 4],
    fee: NUMBERS[(n + 2) % 4],
    sponsored: n % 6 === 5,
  };
}

function vector(n) {
  const p = parts(n);
  const payload = tx.createSmartContractPayload(p.name, p.source, p.clarity ?? undefined);
  const origin = tx.createSingleSigSpendingCondition(tx.AddressHashMode.P2PKH, p.publicKey, p.nonce, p.fee);
  const auth = p.sponsored ? tx.createSponsoredAuth(origin) : tx.createStandardAuth(origin);
  const made = new tx.StacksTransactionWire({
    transactionVersion: p.version,
    chainId: p.chainId,
    auth,
    payload,
    postConditionMode: tx.PostConditionMode[p.mode[0].toUpperCase() + p.mode.slice(1)],
  });
  const unsigned = made.serialize();
  const initial = made.signBegin();
  const presign = tx.sigHashPreSign(initial, tx.AuthType.Standard, BigInt(p.fee), BigInt(p.nonce));
  new tx.TransactionSigner(made).signOrigin(p.key);
  return {
    id: `deploy-dev-${n}`,
    kind: p.clarity === null ? "smart_contract" : "versioned_smart_contract",
    network: p.network,
    version: p.version,
    chain_id: p.chainId,
    anchor_mode: made.anchorMode,
    nonce: p.nonce,
    fee: p.fee,
    post_condition_mode: p.mode,
    post_conditions: [],
    contract_name: p.name,
    code_body: p.source,
    clarity_version: p.clarity,
    private_key: p.key,
    public_key: p.publicKey,
    signer_hash160: origin.signer,
    key_encoding: origin.keyEncoding,
    sponsored: p.sponsored,
    unsigned_hex: unsigned,
    initial_sighash: initial,
    presign_sighash: presign,
    signature_vrs: made.auth.spendingCondition.signature.data,
    signed_hex: made.serialize(),
    txid: made.txid(),
  };
}

const items = Array.from({ length: 30 }, (_, n) => vector(n));
const { version } = require("@stacks/transactions/package.json");
console.log(JSON.stringify({ what: "signed deploys", library: `@stacks/transactions ${version}`, count: items.length, items }));
