"""Topometrics on masks and geometry: no edge is listed, and no cost depends on their number."""
