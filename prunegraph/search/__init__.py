"""Searches that train networks: which relational graph makes the best mask, by Bayesian optimisation and by chance.

The candidates are a set of relational graphs, told apart by their properties (:mod:`.space`). An evaluation trains a
network with a graph as its mask and tests it on the validation part (:mod:`.evaluation`); a Gaussian process
(:mod:`.process`) over all that was evaluated proposes what to try next (:mod:`.proposals`). :mod:`.repeats` holds it
against random search with the same budget, and :mod:`.signal` asks first whether graphs differ at all.
"""
