"""The clearing house in Python: models of ledger, venues and vaults, equal to their contracts to the bit."""
