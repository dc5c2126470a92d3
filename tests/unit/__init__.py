"""Tests of one module at a time; no chain is started."""
