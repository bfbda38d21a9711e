// Our contracts in the order in which they are deployed, in parts that every chain of the tests is put together from.
//
// An entry is a name, or [name, source] where the source has another; "mock:" marks what is ours only in tests.
// Nothing of the test runner is imported here, because the random sequences also run without it.

export const TRAITS_AND_ROLES = [
  "sip-010-trait",
  "pool-share-trait",
  "dex-adapter-trait",
  "script-trait",
  "stx-token",
  "flow-token",
  "pool-access",
  "flow-staking",
];

export const SHARES = ["pool-share", ["pool-share-1", "pool-share"], ["pool-share-2", "pool-share"]];

/** The vault, after all that it calls but the oracle. */
export const VAULT_PARTS = [
  "pool-portfolios",
  "pool-books",
  "pool-terms",
  "withdrawal-queue",
  "pool-valuation",
  "pool-desk",
  "pool-office",
  "whale-pool-vault",
];

export const FUNDS = ["fee-treasury", "insurance-fund"];
export const GOVERNMENT = ["whale-list", "ballot-box", "pool-governance", "pool-rebalancer"];
export const TOKENS = [["token-a", "mock:freezable-token"], ["token-b", "mock:freezable-token"]];

/** [name, source] of an entry. */
export const namedSource = (entry) => (Array.isArray(entry) ? entry : [entry.replace("mock:", ""), entry]);
