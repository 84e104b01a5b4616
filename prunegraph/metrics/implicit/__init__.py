"""Topometrics from masks and geometry: no edge is listed, and no cost depends on the number of edges."""
