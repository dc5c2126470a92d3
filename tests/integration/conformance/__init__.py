"""One suite of standard JSON-RPC that our own node and anvil both have to pass: what clients rely on, no more."""
