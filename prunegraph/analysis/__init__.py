"""Tables in, tables out: what the measured networks say about accuracy lost to pruning.

`collect` makes the tables, `features` turns layers into numbers per network,
`correlation`, `regression`, `importance` and `ranking` are the studies, and
`published` reads the tables that the authors of MGE published. Nothing here
needs torch, a network or a graph.
"""
