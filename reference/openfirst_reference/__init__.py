"""What the contract means: the machine that executes it, and the reference client."""
