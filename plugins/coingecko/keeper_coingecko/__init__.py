"""CoinGecko as a price source."""
