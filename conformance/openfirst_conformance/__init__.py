"""The judge: adapters, the oracle, test tiers, mutants, reports and the pytest plugin."""
