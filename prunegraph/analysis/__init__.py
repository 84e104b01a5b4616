"""What the tables of measured networks say about the accuracy lost to pruning, and about the claims of papers.

`correlation`, `regression`, `importance`, `ranking` and `transfer` are the studies, and `claims` compares them with
what papers say. Nothing here needs torch, a network or a graph.
"""
