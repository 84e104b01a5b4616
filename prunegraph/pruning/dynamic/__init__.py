"""Dynamic sparse training: masks that move while the network is trained.

A method is a way to drop, to grow and to share what was dropped among layers; the
update itself (:mod:`.update`) and its timing (:mod:`.schedule`) are shared.
"""
