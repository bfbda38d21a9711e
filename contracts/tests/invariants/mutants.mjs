// Contracts that are broken on purpose, each in one place: the harness must notice every one of them.

const swap = (from, to) => (source) => source.replace(from, to);

export const MUTANTS = [
  {
    name: "payments are rounded up",
    contract: "pool-desk",
    breaks: [1, 2],
    change: swap("(let ((payout (mul-div-down shares value-ustx total))", "(let ((payout (+ u1 (mul-div-down shares value-ustx total)))"),
  },
  {
    name: "a deposit buys one share unit too many",
    contract: "pool-desk",
    breaks: [1, 2],
    change: swap("(let ((shares (mul-div-down buying-ustx total value-ustx)))", "(let ((shares (+ u4000 (mul-div-down amount-ustx total value-ustx))))"),
  },
  {
    name: "what is paid to keepers is not debited",
    contract: "whale-pool-vault",
    breaks: [3],
    change: swap("(unwrap! (contract-call? .pool-portfolios note-expense pool-id amount-ustx) ERR_NOT_ENOUGH_IDLE)", ""),
  },
  {
    name: "a redemption in kind needs a running pool",
    contract: "pool-desk",
    breaks: [7],
    change: swap(/(define-public \(redeem[\s\S]*?)\(get-unpriced-pool pool-id share\)/, "$1(get-payable-pool pool-id share)"),
  },
  {
    name: "swaps are not held to the agreed price",
    contract: "whale-pool-vault",
    breaks: [4],
    change: swap("(define-constant MAX_SLIPPAGE_BPS u200)", "(define-constant MAX_SLIPPAGE_BPS u9000)"),
  },
  {
    name: "the year's budget of fees is ten percent",
    contract: "pool-terms",
    breaks: [8],
    change: swap("(/ PARTS_ONE u100)", "(/ PARTS_ONE u10)"),
  },
  {
    name: "management is charged three times",
    contract: "pool-terms",
    breaks: [8],
    change: swap("(define-constant YEAR_SECS (* u365 DAY_SECS))", "(define-constant YEAR_SECS (* u120 DAY_SECS))"),
  },
  {
    name: "all pools share one portfolio row of STX",
    contract: "pool-books",
    breaks: [10, 3],
    change: swap(".pool-portfolios note-income pool-id ", ".pool-portfolios note-income u1 "),
  },
  {
    name: "anybody is the rebalancer",
    contract: "whale-pool-vault",
    breaks: [9, 11],
    change: swap(/\(if \(contract-call\? \.pool-access has-role contract-caller role\)/, '(if (or (is-eq role "rebalancer") (contract-call? .pool-access has-role contract-caller role))'),
  },
  {
    name: "an announced cap is in force at once",
    contract: "pool-terms",
    breaks: [12],
    change: swap("(define-constant ANNOUNCE_SECS (* u3 DAY_SECS))", "(define-constant ANNOUNCE_SECS u0)"),
  },
  {
    name: "half of a pool may leave in STX on one day",
    contract: "withdrawal-queue",
    breaks: [12],
    change: swap("(define-constant OUTFLOW_BPS u2500)", "(define-constant OUTFLOW_BPS u5000)"),
  },
  {
    name: "a pause of all pools pauses none",
    contract: "pool-portfolios",
    breaks: [6],
    change: swap("(all (var-get pauses-of-all))", "(all RUNNING)"),
  },
  {
    name: "a price is used however old it is",
    contract: "pool-oracle",
    kind: "real",
    breaks: [6],
    change: swap("(<= now (get until view))", "(<= u0 (get until view))"),
  },
  {
    name: "one source is enough for everything",
    contract: "pool-oracle",
    kind: "real",
    breaks: [6],
    change: swap("(is-enough (>= (get sources view) (get min-sources (get bounds state))))", "(is-enough (>= (get sources view) u1))"),
  },
  {
    name: "a mandate opens without a quorum",
    contract: "ballot-box",
    kind: "voted",
    breaks: [5],
    change: swap("(define-constant QUORUM_BPS u5100)", "(define-constant QUORUM_BPS u0)"),
  },
];
