"""The clearing house in Python: models of the ledger, the venues and the vaults, equal to their contracts to the bit."""
