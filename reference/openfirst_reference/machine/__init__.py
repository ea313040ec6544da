"""The machine: what the table permits, and how a credential becomes variables. Pure."""
