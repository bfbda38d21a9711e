"""ALEX amm-pool-v2-01 as a venue."""
