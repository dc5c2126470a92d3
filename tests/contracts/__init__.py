"""Tests of the contracts on chains of their own: devnet and anvil."""
