"""Topometrics from a list of the edges (compressed rows), for any graph."""
