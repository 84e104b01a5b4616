"""Determinantal point processes over the edges and the nodes of a trained network."""
