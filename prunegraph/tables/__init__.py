"""Tables of networks: their columns, how they are collected, checked, written and read.

`collect` joins the files of measured networks, `features` makes one row of numbers per network, and `published` reads
the tables that the authors of MGE published. Nothing here needs torch, a network or a graph.
"""
