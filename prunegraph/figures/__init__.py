"""Figures from tables: one file and one `draw` per figure, all in the style of `style`.

A figure gets tables (the drawing of a graph gets a graph), never files, and
returns a matplotlib Figure that no global state knows; `style.save` writes it.
"""
