"""A student network that learns from a teacher network, and is pruned: the generalisation study of the DPP paper.

Regression with one sample a step, not classification of images, so it shares no network with the studies of the pools.
"""
