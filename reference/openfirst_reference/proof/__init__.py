"""The proof that a contract hangs together: lint, proof, mutants of the table, as data."""
