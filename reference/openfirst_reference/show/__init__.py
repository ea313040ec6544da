"""The contract and its proof in words and pictures."""
