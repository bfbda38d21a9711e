// One successful call of every public function of every contract, with what has to happen before it.
//
// A case: contract, function, what it is called with; `note` tells two cases of one function apart; `prepare` runs
// before it, unmeasured; `by` is the caller, `through` the one contract it answers; `least` the fewest assets it needs;
// `once` says that the pool has no part in it, so one size is enough. Arguments are made after `prepare`.

import { Cl } from "@stacks/transactions";

import * as venues from "../../tests/samples/venues.mjs";
import { list, p, person, text, tuple, u } from "./chain.mjs";
import { DAY, PLAN, STX, people } from "./world.mjs";

const { alice, bob, carol, keeper, guardian, creator, mover, reporter, stranger } = people;
const QUEUE = 50;
const ANNOUNCED = 3n * DAY;
const none = Cl.none();
const yes = Cl.bool(true);
const flags = (on) => tuple({ deposits: Cl.bool(on), withdrawals: Cl.bool(on), rebalances: Cl.bool(on) });
const deployer = (w) => w.deployer;
const poolArgs = (w) => [u(1), w.share];
const shares = (n) => n * STX;

/** A withdrawal too large for the idle STX. */
const tooLarge = (w) => (w.shares(alice) * 9n) / 10n;
const queueAlice = (w, min = 0n) => w.must(alice, "whale-pool-vault", "withdraw", ...poolArgs(w), u(tooLarge(w)), u(min));

/** Fifty people in the queue: while payments are stopped everybody waits. */
function fillQueue(w) {
  const crowd = Array.from({ length: QUEUE }, (_, n) => person(100 + n));
  for (const who of crowd) {
    w.chain.sdk.mintSTX(who, 100n * STX);
    w.deposit(who, 20n * STX);
  }
  w.chain.wait(600n);
  w.must(guardian, "whale-pool-vault", "emergency-pause", u(1));
  for (const who of crowd) w.must(who, "whale-pool-vault", "withdraw", u(1), w.share, u(w.shares(who)), u(0));
  w.must(guardian, "whale-pool-vault", "emergency-resume", u(1));
  w.postPrices();
}

function announceFees(w) {
  w.must(w.deployer, "whale-pool-vault", "announce-fees", u(1), u(40), u(500));
  w.chain.wait(ANNOUNCED);
  w.postPrices();
}

/** A request whose minimum the price has fallen below, a week later. */
function letAliceFallBelow(w) {
  const worth = (w.value() * tooLarge(w)) / w.supply();
  queueAlice(w, (worth * 97n) / 100n);
  for (let days = 0; days < 7; days += 1) {
    w.chain.wait(DAY);
    if (days < 3 && w.size > 1) for (const id of w.assets.slice(1)) w.prices.set(id, (w.prices.get(id) * 95n) / 100n);
    w.postPrices();
  }
}

const vault = (fn, options) => ({ contract: "whale-pool-vault", fn, ...options });
const VAULT = [
  vault("deposit", { by: carol, args: (w) => [...poolArgs(w), u(100n * STX), u(0)] }),
  vault("withdraw", { note: "paid", by: bob, args: (w) => [...poolArgs(w), u(shares(10n)), u(0)] }),
  vault("withdraw", { note: "queued", by: alice, least: 2, args: (w) => [...poolArgs(w), u(tooLarge(w)), u(0)] }),
  vault("cancel-withdrawal", { prepare: queueAlice, by: alice, least: 2, args: poolArgs }),
  vault("evict-withdrawal", { prepare: letAliceFallBelow, by: stranger, least: 2, args: (w) => [p(alice), ...poolArgs(w)] }),
  vault("process-pending-withdrawal", { prepare: queueAlice, by: stranger, least: 2, args: (w) => [p(alice), ...poolArgs(w)] }),
  vault("process-withdrawals", { note: "queue of 50", prepare: fillQueue, by: stranger, args: poolArgs }),
  vault("redeem-in-kind", { by: alice, args: (w) => [...poolArgs(w), u(shares(100n)), w.tokens()] }),
  vault("redeem-in-kind-without", { by: alice, least: 2, args: (w) => [...poolArgs(w), u(shares(100n)), w.tokens(), list([p(w.assets.at(-1))])] }),
  vault("collect-fees", { by: stranger, args: poolArgs }),
  vault("apply-fees", { prepare: announceFees, by: stranger, args: poolArgs }),
  vault("execute-leg", {
    by: mover, least: 2,
    args: (w) => [u(1), p(w.stx), p(w.assets[1]), u(10n * STX), u(1), u(200), w.chain.ours(w.venueOf(w.assets[1]))],
  }),
  vault("pay-keeper", { by: mover, args: () => [u(1), p(keeper), u(STX)] }),
  vault("create-pool", { by: creator, args: (w) => [text("Second"), text("IDX2"), w.chain.ours("pool-share-2"), w.targets(), u(25_000)] }),
  vault("emergency-pause", { by: guardian, args: () => [u(1)] }),
  vault("emergency-resume", { by: guardian, args: () => [u(1)] }),
  vault("set-pauses", { by: guardian, args: () => [u(1), flags(true)] }),
  vault("register-asset", { by: deployer, args: (w) => [w.chain.ours("flow-token"), u(6)] }),
  vault("admit-adapter", { by: deployer, args: (w) => [w.chain.ours("alex-adapter")] }),
  vault("remove-adapter", { by: deployer, args: (w) => [w.chain.ours("fair-adapter")] }),
  vault("set-target-allocation", { by: deployer, args: (w) => [u(1), w.targets(100)] }),
  vault("announce-cap", { by: deployer, args: () => [u(1), u(50_000)] }),
  vault("announce-fees", { by: deployer, args: () => [u(1), u(40), u(500)] }),
  vault("set-fee-account", { by: deployer, args: () => [p(alice)] }),
  vault("set-insurance-account", { by: deployer, args: () => [p(alice)] }),
];

const desk = (fn, options) => ({ contract: "pool-desk", fn, through: "whale-pool-vault", by: stranger, ...options });
const office = (fn, options) => ({ contract: "pool-office", fn, through: "whale-pool-vault", by: stranger, ...options });
const BEHIND_THE_VAULT = [
  desk("deposit", { args: (w) => [...poolArgs(w), p(carol), u(100n * STX), u(0)] }),
  desk("withdraw", { note: "paid", args: (w) => [...poolArgs(w), p(bob), u(shares(10n)), u(0)] }),
  desk("cancel", { prepare: queueAlice, least: 2, args: (w) => [...poolArgs(w), p(alice)] }),
  desk("evict", { prepare: letAliceFallBelow, least: 2, args: (w) => [...poolArgs(w), p(alice)] }),
  desk("settle", { note: "queue of 50", prepare: fillQueue, args: (w) => [...poolArgs(w), none] }),
  desk("redeem", { args: (w) => [...poolArgs(w), p(alice), u(shares(100n)), w.tokens(), list([])] }),
  desk("collect", { args: poolArgs }),
  desk("apply-fees", { prepare: announceFees, args: poolArgs }),
  office("create-pool", { args: (w) => [text("Second"), w.chain.ours("pool-share-2"), p(creator), w.targets(), u(25_000)] }),
  office("set-targets", { args: (w) => [u(1), w.targets(100)] }),
  office("set-pauses", { args: () => [u(1), flags(true), p(guardian), text("pauses-set")] }),
  office("register-asset", { args: (w) => [w.chain.ours("flow-token"), u(6)] }),
  office("admit-adapter", { args: (w) => [w.chain.ours("alex-adapter")] }),
  office("remove-adapter", { args: (w) => [w.chain.ours("fair-adapter")] }),
  office("announce-cap", { args: () => [u(1), u(50_000)] }),
  office("announce-fees", { args: () => [u(1), u(40), u(500)] }),
  office("set-fee-account", { args: () => [p(alice)] }),
  office("set-insurance-account", { args: () => [p(alice)] }),
];

const books = (fn, options) => ({ contract: "pool-books", fn, through: "pool-desk", by: stranger, ...options });
const portfolios = (fn, options) => ({ contract: "pool-portfolios", fn, through: "pool-office", by: stranger, ...options });
const terms = (fn, options) => ({ contract: "pool-terms", fn, through: "pool-desk", by: stranger, ...options });
const line = (fn, options) => ({ contract: "withdrawal-queue", fn, through: "pool-desk", by: stranger, ...options });
const supply = (w) => u(w.supply());
const STATE = [
  books("open-pool", { args: (w) => [text("Second"), w.chain.ours("pool-share-2"), p(creator), w.targets()] }),
  portfolios("set-targets", { args: (w) => [u(1), w.targets(100)] }),
  portfolios("set-pauses", { args: () => [u(1), flags(true)] }),
  books("note-deposit", { args: () => [u(1), u(STX), u(STX)] }),
  books("note-fees", { args: () => [u(1), u(STX)] }),
  books("note-escrow", { args: () => [u(1), u(STX)] }),
  books("note-return", { prepare: queueAlice, least: 2, args: () => [u(1), u(STX)] }),
  books("note-payment", { args: () => [u(1), u(STX), u(0), u(STX)] }),
  books("note-redemption", { args: (w) => [u(1), u(STX), list(w.assets.map(() => u(1)))] }),
  portfolios("open-portfolio", { args: (w) => [u(2), w.targets()] }),
  portfolios("note-income", { args: () => [u(1), u(STX)] }),
  portfolios("note-leaving", { args: (w) => [u(1), list(w.assets.map(() => u(1)))] }),
  portfolios("note-swap", { least: 2, args: (w) => [u(1), p(w.stx), p(w.assets[1]), u(STX), u(1)] }),
  portfolios("note-expense", { args: () => [u(1), u(STX)] }),
  portfolios("set-asset", { args: (w) => [w.chain.ours("flow-token"), u(6)] }),
  portfolios("set-adapter", { args: (w) => [w.chain.ours("alex-adapter"), Cl.some(PLAN)] }),
  terms("open-pool", { args: () => [u(2), u(25_000)] }),
  terms("announce-cap", { args: () => [u(1), u(50_000)] }),
  terms("announce-rates", { args: () => [u(1), u(40), u(500)] }),
  terms("apply-rates", { prepare: announceFees, args: () => [u(1)] }),
  terms("set-accounts", { args: () => [p(alice), p(bob)] }),
  terms("charge", { args: (w) => [u(1), supply(w), Cl.some(u(w.value()))] }),
  line("add-request", { note: "fiftieth", prepare: (w) => { fillQueue(w); w.must(person(100), "whale-pool-vault", "cancel-withdrawal", ...poolArgs(w)); }, args: () => [u(1), p(carol), u(STX), u(0)] }),
  line("remove-request", { note: "of 50", prepare: fillQueue, args: () => [u(1), p(person(100))] }),
  line("settle", { note: "queue of 50", prepare: fillQueue, args: (w) => [u(1), none, u(w.value()), supply(w), u(10_000n * STX)] }),
  line("note-outflow", { args: () => [u(1), u(STX)] }),
  line("note-call", { args: () => [u(1), p(carol)] }),
];

const share = (fn, options) => ({ contract: "pool-share", instance: "pool-share-1", fn, ...options });
const token = (contract, fn, options) => ({ contract, fn, once: true, ...options });
const giveFlow = (w, to, amount = STX) => w.must(w.deployer, "flow-token", "transfer", u(amount), p(w.deployer), p(to), none);
const TOKENS = [
  share("transfer", { by: alice, once: true, args: () => [u(STX), p(alice), p(carol), none] }),
  share("initialize", { instance: "pool-share-2", through: "whale-pool-vault", by: stranger, once: true, args: () => [text("Second"), text("IDX2")] }),
  share("mint", { through: "whale-pool-vault", by: stranger, once: true, args: () => [u(STX), p(carol)] }),
  share("burn", { through: "whale-pool-vault", by: stranger, once: true, args: () => [u(STX), p(alice)] }),
  token("stx-token", "transfer", { by: alice, args: () => [u(STX), p(alice), p(bob), none] }),
  token("flow-token", "transfer", { by: deployer, args: (w) => [u(STX), p(w.deployer), p(bob), none] }),
  token("flow-staking", "stake", { prepare: (w) => giveFlow(w, alice), by: alice, args: () => [u(STX)] }),
  token("flow-staking", "unstake", {
    prepare: (w) => { giveFlow(w, alice); w.must(alice, "flow-staking", "stake", u(STX)); },
    by: alice, args: () => [u(STX)],
  }),
  token("flow-staking", "lock", { through: "pool-governance", prepare: (w) => w.handOver(), by: stranger, args: () => [p(alice), u(1)] }),
];

const ROLES = [
  token("pool-access", "hand-over", { by: deployer, args: () => [p(alice)] }),
  token("pool-access", "grant-role", { by: deployer, args: () => [p(carol), text("keeper")] }),
  token("pool-access", "revoke-role", { by: deployer, args: () => [p(keeper), text("keeper")] }),
  token("pool-access", "open-script", { by: deployer, args: () => [p(alice)] }),
  token("pool-access", "close-script", { prepare: (w) => w.must(w.deployer, "pool-access", "open-script", p(alice)), by: deployer, args: () => [] }),
];

const whales = () => list(Array.from({ length: 20 }, (_, n) => tuple({ whale: p(person(200 + n)), "weight-bps": u(500) })));
const votes = (fn, options) => ({ contract: "pool-governance", fn, ...options });
const ballots = (fn, options) => ({ contract: "ballot-box", fn, through: "pool-governance", by: stranger, once: true, ...options });
const inVote = (w) => {
  w.handOver();
  return w.proposeMandate();
};
const voted = (w) => {
  const id = inVote(w);
  w.must(alice, "pool-governance", "vote", u(id), yes);
  w.waitUntilDue(id);
};
const SCRIPT = "empty-script";
const scripted = (w) => {
  w.chain.deployScript(SCRIPT);
  w.handOver();
};
const passedScript = (w) => {
  scripted(w);
  const id = w.must(keeper, "pool-governance", "propose-script", w.chain.ours(SCRIPT)).value;
  w.must(alice, "pool-governance", "vote", u(id), yes);
  w.waitUntilDue(id);
  w.must(stranger, "pool-governance", "conclude", u(id));
  w.chain.waitUntil(w.chain.read("ballot-box", "get-ballot", u(id)).value.value["runnable-at"].value.value);
};
const VOTES = [
  votes("propose-mandate", { prepare: (w) => w.handOver(), by: keeper, args: (w) => w.mandateArgs() }),
  votes("propose-whales", { note: "20 whales", prepare: (w) => w.handOver(), by: keeper, once: true, args: () => [u(1), whales(), PLAN] }),
  votes("propose-script", { prepare: scripted, by: keeper, once: true, args: (w) => [w.chain.ours(SCRIPT)] }),
  votes("vote", { prepare: inVote, by: alice, once: true, args: () => [u(1), yes] }),
  votes("veto", { prepare: inVote, by: guardian, once: true, args: () => [u(1)] }),
  votes("conclude", { note: "a mandate", prepare: voted, by: stranger, args: () => [u(1)] }),
  votes("run-script", { note: "an empty one", prepare: passedScript, by: stranger, once: true, args: (w) => [w.chain.ours(SCRIPT)] }),
  votes("note-slice", {
    prepare: (w) => { w.handOver(); w.passMandate(); },
    by: mover, once: true, args: (w) => [u(1), u(1), u(1), u(STX), u(w.value()), u(0)],
  }),
  ballots("open-ballot", { args: () => [text("mandate"), p(keeper)] }),
  ballots("cast-vote", { prepare: inVote, args: () => [u(1), p(alice), yes] }),
  ballots("veto", { prepare: inVote, args: () => [u(1), p(guardian)] }),
  ballots("close-ballot", { prepare: voted, args: () => [u(1), text("passed")] }),
  ballots("note-run", { prepare: passedScript, args: () => [u(1)] }),
  { contract: "whale-list", fn: "set-whales", note: "20 whales", by: deployer, once: true, args: () => [u(1), whales(), PLAN, u(1)] },
];

const slice = (count, options) => ({
  contract: "pool-rebalancer", fn: "rebalance-pool", note: count === 1 ? "1 leg" : `${count} legs`, least: 2,
  prepare: (w) => { w.handOver(); w.passMandate(); },
  by: keeper, args: (w) => [u(1), u(1), u(1), u(STX), w.legs(count)], ...options,
});
const SLICES = [slice(1), slice(10)];

const treasury = (fn, options) => ({ contract: "fee-treasury", fn, ...options });
const fund = (fn, options) => ({ contract: "insurance-fund", fn, ...options });
const giveShares = (to) => (w) => w.must(alice, "pool-share-1", "transfer", u(shares(100n)), p(alice), w.chain.ours(to), none);
const MONEY = [
  treasury("redeem-fees", { prepare: giveShares("fee-treasury"), by: stranger, args: (w) => [...poolArgs(w), u(shares(10n)), w.tokens()] }),
  treasury("convert", {
    prepare: (w) => w.listFlow(), by: keeper, once: true,
    args: (w) => [p(w.stx), u(STX), u(1), w.chain.ours("fair-adapter")],
  }),
  treasury("spend", {
    prepare: (w) => giveFlow(w, w.chain.at("fee-treasury")), by: deployer, once: true, args: () => [u(1_000n), p(carol)],
  }),
  fund("redeem", { prepare: giveShares("insurance-fund"), by: deployer, args: (w) => [...poolArgs(w), u(shares(10n)), w.tokens()] }),
  fund("release", {
    prepare: (w) => giveFlow(w, w.chain.at("insurance-fund")), by: deployer, once: true,
    args: (w) => [w.chain.ours("flow-token"), u(1_000n), p(carol)],
  }),
];

const oracle = (fn, options) => ({ contract: "pool-oracle", fn, by: deployer, ...options });
const bounds = () => tuple({ "min-sources": u(1), "max-age-secs": u(DAY), "max-spread-bps": u(500), "max-jump-bps": u(500) });
const last = (w) => p(w.assets.at(-1));
const priceOf = (w) => w.prices.get(w.assets.at(-1));
const trip = (w) => {
  w.prices.set(w.assets.at(-1), (priceOf(w) * 5n) / 4n);
  w.postPrices();
};
const byHand = (w) => w.must(w.deployer, "pool-oracle", "set-manual-price", last(w), u(priceOf(w)), u(DAY));
const ORACLE = [
  oracle("post-prices", { note: "reported only", by: reporter, args: (w) => [w.priceRows()] }),
  oracle("reset-breaker", { prepare: trip, by: guardian, once: true, args: (w) => [last(w)] }),
  oracle("set-asset", { once: true, args: (w) => [last(w), bounds()] }),
  oracle("set-manual-price", { once: true, args: (w) => [last(w), u(priceOf(w)), u(DAY)] }),
  oracle("clear-manual-price", { once: true, prepare: byHand, args: (w) => [last(w)] }),
];

export const CASES = [...VAULT, ...BEHIND_THE_VAULT, ...STATE, ...TOKENS, ...ROLES, ...VOTES, ...SLICES, ...MONEY, ...ORACLE];

// --- with the real adapters and the real sources, at the doubles of the venues ---

const { ALEX, WELSH, DIKO, STSTX, SBTC } = venues.TOKEN;
const trade = (contract, symbol, id, note) => ({
  contract, fn: "swap", note: note ?? `STX to ${symbol}`, by: alice, once: true,
  args: (w) => [p(w.stx), p(id), u(10n * STX), u(1)],
});
const TRADES = [
  trade("alex-adapter", "ALEX", ALEX),
  trade("alex-adapter", "DIKO", DIKO, "STX to DIKO, two hops"),
  trade("velar-adapter", "WELSH", WELSH),
  trade("velar-pool-adapter", "sBTC", SBTC),
  trade("bitflow-xyk-adapter", "sBTC", SBTC),
  trade("bitflow-stable-adapter", "stSTX", STSTX),
];

const source = (fn, options) => ({ contract: "price-sources", fn, through: "pool-oracle", by: stranger, once: true, ...options });
const average = (fn, options) => ({ contract: "price-averages", fn, through: "price-sources", by: stranger, once: true, ...options });
const seen = (fn, options) => ({ contract: "price-observations", fn, through: "pool-oracle", by: stranger, once: true, ...options });
const point = (w, id) => Cl.some(tuple({ price: u(w.prices.get(id)), at: u(w.chain.now - 10n), firm: yes }));
const hopsOf = (w, ...symbols) => list(symbols.map((symbol, n) => w.hop(["STX", ...symbols][n], symbol)));
const feedLazer = (w) => {
  w.trustLazer();
  w.must(w.deployer, "pool-oracle", "set-lazer-source", p(w.stx), u(45), u(100));
};
const SOURCES = [
  oracle("post-prices", { note: "six with their sources", by: reporter, once: true, args: (w) => [list(w.priceRows().value.slice(0, 6))] }),
  oracle("observe", { note: "six with their sources", by: stranger, once: true, args: (w) => [list(w.assets.slice(0, 6).map(p))] }),
  oracle("post-lazer", { note: "one feed", prepare: feedLazer, by: stranger, once: true, args: (w) => w.lazerUpdate() }),
  oracle("set-alex-source", { note: "two hops", once: true, args: (w) => [p(DIKO), hopsOf(w, "ALEX", "DIKO")] }),
  oracle("set-velar-source", { once: true, args: () => [p(WELSH), u(1), Cl.bool(false)] }),
  oracle("set-ratio-source", { once: true, args: () => [p(STSTX)] }),
  oracle("set-dia-source", { once: true, args: (w) => [p(w.stx), text("STX/USD")] }),
  oracle("set-lazer-source", { once: true, args: (w) => [p(w.stx), u(45), u(100)] }),
  oracle("remove-source", { once: true, args: () => [p(WELSH), text("velar")] }),
  source("look", { note: "WELSH: ALEX and Velar", args: () => [p(WELSH)] }),
  source("forget-averages", { args: () => [p(WELSH)] }),
  source("set-alex", { note: "two hops", args: (w) => [p(DIKO), hopsOf(w, "ALEX", "DIKO")] }),
  source("set-velar", { args: () => [p(WELSH), u(1), Cl.bool(false)] }),
  source("set-ratio", { args: () => [p(STSTX)] }),
  source("set-dia", { args: (w) => [p(w.stx), text("STX/USD")] }),
  source("set-lazer", { args: (w) => [p(w.stx), u(45), u(100)] }),
  source("remove", { args: () => [p(WELSH), text("velar")] }),
  { contract: "price-sources", fn: "read-lazer", note: "one feed", prepare: feedLazer, by: stranger, once: true, args: (w) => w.lazerUpdate() },
  average("observe", { args: (w) => [p(WELSH), text("alex"), u(w.prices.get(WELSH))] }),
  average("forget", { args: () => [p(WELSH)] }),
  seen("note", {
    note: "three sources",
    args: (w) => [p(WELSH), tuple({
      reported: point(w, WELSH), alex: point(w, WELSH), velar: point(w, WELSH), ratio: none, dia: none, lazer: none,
    }), bounds(), none],
  }),
  seen("forget", { args: () => [p(WELSH), text("velar")] }),
  seen("set-manual", { args: (w) => [p(WELSH), u(w.prices.get(WELSH)), u(DAY)] }),
  seen("clear-manual", {
    prepare: (w) => w.must(w.deployer, "pool-oracle", "set-manual-price", p(WELSH), u(w.prices.get(WELSH)), u(DAY)),
    args: () => [p(WELSH)],
  }),
];

export const REAL_CASES = [
  ...TRADES,
  ...SOURCES,
  vault("execute-leg", {
    note: "ALEX", by: mover,
    args: (w) => [u(1), p(w.stx), p(ALEX), u(10n * STX), u(1), u(200), w.chain.ours("alex-adapter")],
  }),
  vault("redeem-in-kind", { by: alice, args: (w) => [...poolArgs(w), u(shares(100n)), w.tokens()] }),
  slice(1),
  slice(10),
];
