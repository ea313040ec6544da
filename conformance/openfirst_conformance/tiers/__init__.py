"""The tiers: which cases are tried."""
