"""The platform on a laptop: a server that executes the contract."""
