"""Eigenvalues: solvers that need products only, and products with a graph's adjacency matrix."""
