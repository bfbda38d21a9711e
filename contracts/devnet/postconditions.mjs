// Whether what moved is what the signer allowed (SIP-005 and SIP-040), judged from the events.

import { Cl, PostConditionMode, wireToPostCondition } from "@stacks/transactions";

const STX = "stx";

const COMPARE = {
  eq: (sent, bound) => sent === bound,
  gt: (sent, bound) => sent > bound,
  gte: (sent, bound) => sent >= bound,
  lt: (sent, bound) => sent < bound,
  lte: (sent, bound) => sent <= bound,
};

const NFT = {
  sent: (wasSent) => wasSent,
  "not-sent": (wasSent) => !wasSent,
  "maybe-sent": () => true,
};

const OUTFLOWS = {
  stx_transfer_event: ({ sender, amount }) => ({ sender, asset: STX, amount: BigInt(amount) }),
  stx_burn_event: ({ sender, amount }) => ({ sender, asset: STX, amount: BigInt(amount) }),
  ft_transfer_event: ({ sender, asset_identifier: asset, amount }) => ({ sender, asset, amount: BigInt(amount) }),
  ft_burn_event: ({ sender, asset_identifier: asset, amount }) => ({ sender, asset, amount: BigInt(amount) }),
  nft_transfer_event: nftOutflow,
  nft_burn_event: nftOutflow,
};

function nftOutflow({ sender, asset_identifier: asset, raw_value: value }) {
  return { sender, asset: `${asset}#${value}`, amount: 1n };
}

/** Sums what left each principal: Map of "principal asset" to amount. */
function outflows(events) {
  const sums = new Map();
  for (const { event, data } of events) {
    const flow = OUTFLOWS[event]?.(data);
    if (flow === undefined) continue;
    const key = `${flow.sender} ${flow.asset}`;
    sums.set(key, (sums.get(key) ?? 0n) + flow.amount);
  }
  return sums;
}

function assetKey(condition) {
  if (condition.type === "stx-postcondition") return STX;
  if (condition.type === "ft-postcondition") return condition.asset;
  return `${condition.asset}#0x${Cl.serialize(condition.assetId)}`;
}

/** Returns null when the events respect the transaction's post-conditions, else a sentence saying which broke. */
export function brokenPostCondition(decoded, events) {
  const sums = outflows(events);
  const covered = new Set();
  for (const wire of decoded.wire.postConditions.values) {
    const condition = wireToPostCondition(wire);
    const principal = condition.address === "origin" ? decoded.sender : condition.address;
    const key = `${principal} ${assetKey(condition)}`;
    const sent = sums.get(key) ?? 0n;
    const holds =
      condition.type === "nft-postcondition"
        ? NFT[condition.condition](sent > 0n)
        : COMPARE[condition.condition](sent, BigInt(condition.amount));
    if (!holds) return `${key} sent ${sent}, which is not ${condition.condition} ${condition.amount ?? ""}`.trim();
    covered.add(key);
  }
  return uncovered(decoded, sums, covered);
}

function uncovered(decoded, sums, covered) {
  const mode = decoded.wire.postConditionMode;
  if (mode === PostConditionMode.Allow) return null;
  for (const [key, amount] of sums) {
    if (amount === 0n || covered.has(key)) continue;
    const isOrigins = key.startsWith(`${decoded.sender} `);
    if (mode === PostConditionMode.Originator && !isOrigins) continue;
    return `${key} sent ${amount}, which no post-condition covers`;
  }
  return null;
}
