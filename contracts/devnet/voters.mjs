// The FLOW stakers: they vote yes on what is proposed, through the same mempool as everybody else.

import { Cl, makeContractCall, PostConditionMode } from "@stacks/transactions";

import { addressOf, keyOf } from "./actors.mjs";

const PAST_THE_END_SECS = 10;
export const SETTLED_DRIFT_BPS = 200; // a pool within 2 % of its target needs no rebalance

export class Voters {
  #devnet;
  #votes;
  #pools;
  #governance;
  #open = new Map(); // proposal id to {seenAt (height), txids}
  #reserved = new Map(); // address to the last nonce given out

  #waited = 0; // ticks since every vote was in

  constructor(devnet, { votes, pools }) {
    this.#devnet = devnet;
    this.#votes = votes;
    this.#pools = pools;
    this.#governance = `${devnet.chain.deployer}.pool-governance`;
  }

  /** Votes on new proposals; once every vote is in, moves to where they can be carried out. Returns whether it made a block. */
  step() {
    const open = this.#openProposals();
    for (const id of this.#open.keys()) {
      if (!open.has(id)) this.#open.delete(id);
    }
    for (const id of open.keys()) this.#consider(id);
    if (!this.#votes.skip_to_end || open.size === 0 || !this.#allVoted()) {
      this.#waited = 0;
      return false;
    }
    this.#waited += 1;
    if (this.#tooEarly()) return false;
    this.#waited = 0;
    const due = Math.max(...open.values());
    this.#devnet.advanceSeconds(due - this.#devnet.tip.time + PAST_THE_END_SECS);
    return true;
  }

  /** Map of id to due-at (an hour after the end, for vetoes), of the proposals that can be voted on now. */
  #openProposals() {
    const { chain, tip } = this.#devnet;
    const count = Number(chain.read(this.#governance, "get-proposal-count").value);
    const open = new Map();
    for (let id = 1; id <= count; id += 1) {
      const found = chain.read(this.#governance, "get-proposal", [Cl.uint(id)]);
      if (found.type !== "some") continue;
      const { state, "ends-at": endsAt, "due-at": dueAt } = found.value.value;
      if (state.value === "voting" && Number(endsAt.value) > tip.time) open.set(id, Number(dueAt.value));
    }
    return open;
  }

  #consider(id) {
    const { height } = this.#devnet.tip;
    if (!this.#open.has(id)) this.#open.set(id, { seenAt: height, txids: null });
    const proposal = this.#open.get(id);
    if (proposal.txids !== null || height - proposal.seenAt < this.#votes.answer_blocks - 1) return;
    proposal.txids = [];
    for (const name of Object.keys(this.#votes.stakes_flow)) {
      this.#vote(name, id, proposal.txids).catch((error) => console.error(`${name} could not vote: ${error.stack}`));
    }
  }

  async #vote(name, id, txids) {
    const address = addressOf(name);
    const [contractAddress, contractName] = this.#governance.split(".");
    // Nonces count what waits already: several proposals can be open at once.
    const taken = this.#devnet.mempool.pendingNonces(address);
    const nonce = (this.#reserved.get(address) ?? -1) + 1;
    const next = Math.max(nonce, this.#devnet.ledger.nonce(address), ...taken.map((each) => each + 1));
    this.#reserved.set(address, next);
    const transaction = await makeContractCall({
      contractAddress,
      contractName,
      functionName: "vote",
      functionArgs: [Cl.uint(id), Cl.bool(true)],
      senderKey: keyOf(name),
      network: "testnet",
      fee: this.#votes.fee_ustx,
      nonce: next,
      validateWithAbi: false,
      postConditionMode: PostConditionMode.Deny,
    });
    txids.push(this.#devnet.mempool.submit(transaction.serializeBytes()).txid);
  }

  // A leap of a day would close the mandate of a pool that is being rebalanced, and would leave no vote to a
  // proposal that is on its way. Patience ends, so that a keeper that gave up does not stop the others.
  #tooEarly() {
    const { quiet_ticks: quiet, patience_ticks: patience } = this.#votes;
    if (this.#waited < quiet || this.#devnet.mempool.records.length > 0) return true;
    return this.#waited < patience && this.#pools.some(({ id }) => this.#isBeingRebalanced(id));
  }

  #isBeingRebalanced(id) {
    const { chain } = this.#devnet;
    if (chain.read(this.#governance, "get-open-mandate", [Cl.uint(id)]).type !== "some") return false;
    const drift = chain.read(`${chain.deployer}.whale-pool-vault`, "get-drift", [Cl.uint(id)]);
    return drift.type !== "ok" || Number(drift.value.value["drift-bps"].value) >= SETTLED_DRIFT_BPS;
  }

  #allVoted() {
    const wanted = Object.keys(this.#votes.stakes_flow).length;
    const { transactions } = this.#devnet.ledger;
    return [...this.#open.values()].every(
      ({ txids }) => txids?.length === wanted && txids.every((txid) => transactions.get(txid).status === "success"),
    );
  }
}
