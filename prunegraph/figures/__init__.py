"""Figures from tables: one file with one function `draw` for each figure, all in the style of `style`.

`draw` takes tables (for the drawing of a graph, a graph), never files. It returns a matplotlib Figure that is not
registered with pyplot; `style.save` writes it.
"""
