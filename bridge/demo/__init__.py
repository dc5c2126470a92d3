"""The demo: five local chains, a relayer, four validators, and two traders who move margin.

`network` describes the chains, `processes` starts and ends everything, `story` lists the steps,
`ledger` closes the books, `run` puts it together.
"""
