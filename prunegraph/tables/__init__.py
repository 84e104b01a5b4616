"""Tables of networks: their columns, and functions that collect, check, write and read them.

`collect` joins the files of measured networks, `features` makes one row of numbers for each network, and `published`
reads the tables that the authors of MGE published. Nothing here needs torch, a network or a graph.
"""
