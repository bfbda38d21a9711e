// The local chain as one thing: the machine, what a node remembers, the block timer and who watches blocks.

import { Ledger } from "./ledger.mjs";
import { Mempool } from "./mempool.mjs";
import { Miner } from "./mine.mjs";

const EMPTY_BLOCK_EVERY = 5; // ticks

export class Devnet {
  #ticks = 0;
  #timer = null;
  #watchers = [];
  #doomed = [];
  afterLeap = null; // changes the chain after every leap in time
  inhabitants = []; // act between blocks: `step()` returns whether it made one

  constructor(chain) {
    this.chain = chain;
    this.ledger = new Ledger();
    this.mempool = new Mempool(chain, this.ledger);
    this.miner = new Miner(chain, this.ledger, this.mempool);
    chain.commit();
    const { height, time, burnHeight } = chain;
    this.ledger.append({ height, time, burnHeight, entries: [], undo: null, changesState: true });
  }

  get tip() {
    return this.ledger.tip;
  }

  /** Calls `watcher(block)` after every block; what it throws is logged and does not stop the chain. */
  onBlock(watcher) {
    this.#watchers.push(watcher);
  }

  /** Mines whatever can be mined now, or an empty block. Returns the block. */
  mine() {
    return this.#announce(this.miner.mine(this.mempool.includable(Date.now())));
  }

  #announce(block) {
    for (const watcher of this.#watchers) {
      try {
        watcher(block);
      } catch (error) {
        console.error(`a block watcher failed: ${error.stack}`);
      }
    }
    return block;
  }

  /** Lets a waiting transaction disappear from the mempool at the next tick. */
  loseSoon(record) {
    record.heldUntil = Infinity;
    this.#doomed.push(record);
  }

  /** One beat of the block timer. What goes wrong in it is logged; the chain goes on from the last good block. */
  tick() {
    try {
      this.#beat();
    } catch (error) {
      console.error(`a tick failed: ${error?.stack ?? error}`);
    }
  }

  #beat() {
    this.#ticks += 1;
    if (this.inhabitants.some((each) => each.step())) return;
    for (const record of this.#doomed.splice(0)) {
      if (record.status === "pending") this.mempool.drop(record, "dropped_stale_garbage_collect");
    }
    const ready = this.mempool.includable(Date.now()).length > 0;
    if (ready || this.#ticks % EMPTY_BLOCK_EVERY === 0) this.mine();
  }

  /** Moves time on; what has to keep pace with it (`afterLeap`) does so before anybody can look. */
  advanceSeconds(seconds) {
    const leap = () => {
      this.chain.advance(seconds);
      this.afterLeap?.();
    };
    return this.#announce(this.miner.close(leap, { changesState: this.afterLeap !== null }));
  }

  advanceBlocks(count) {
    return this.#announce(this.miner.close(() => this.chain.mineEmpty(count)));
  }

  /** Changes contract state from outside of any mempool (a market that moves, a venue that pauses). */
  act(change) {
    return this.#announce(this.miner.close(change, { changesState: true }));
  }

  /** Runs steps on the present state and forgets them. Throws VmError when one panics. */
  dryRun(steps) {
    try {
      return this.chain.mineSteps(steps);
    } finally {
      this.chain.restore();
    }
  }

  /** Takes blocks back and mines another one; what the principal `lost` had in them does not wait again. */
  reorganise(depth, lost = null) {
    const steps = this.miner.reorganise(depth, lost);
    this.mine();
    return steps;
  }

  /** Makes a waiting transaction disappear at once. Returns whether it was waiting. */
  forget(txid) {
    const record = this.ledger.transactions.get(txid.startsWith("0x") ? txid : `0x${txid}`);
    if (record?.status !== "pending") return false;
    this.mempool.drop(record, "dropped_stale_garbage_collect");
    return true;
  }

  start(blockMs) {
    this.#timer = setInterval(() => this.tick(), blockMs);
  }

  stop() {
    clearInterval(this.#timer);
  }

  /** Whether reads pinned to this block see the present state; undefined when the block is unknown. */
  isCurrentState(block) {
    return block?.stateVersion === this.tip.stateVersion;
  }
}
