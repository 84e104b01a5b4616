"""Analysis of the tables of measured networks: the accuracy lost to pruning, and the claims of papers about it.

`correlation`, `regression`, `importance`, `ranking` and `transfer` are the analyses of a study; `claims` compares their
results with what papers claim. Nothing here needs torch, a network or a graph.
"""
