"""Eigenvalues: solvers that need only products with a matrix, and products with a graph's adjacency matrix."""
