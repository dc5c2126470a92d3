"""Tests of parts together, over real sockets, processes and databases."""
