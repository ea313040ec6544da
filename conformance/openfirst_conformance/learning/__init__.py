"""Learning: what an implementation really does, as an automaton, and what of that the contract does not say."""
