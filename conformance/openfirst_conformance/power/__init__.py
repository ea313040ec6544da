"""Power: how good the judge is, measured on mutants of the contract. Each is run as an implementation, without an adapter.

Whether a mutant that is not killed conforms is not claimed but shown: see `product`.
"""
