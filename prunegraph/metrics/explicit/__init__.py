"""Topometrics on a list of the edges: compressed rows, whatever the graph."""
