"""The reference client: the session API over HTTP, as the contract has it."""
