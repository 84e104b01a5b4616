"""The key `search` of a study, with its defaults. Imports neither torch nor numpy."""

from collections.abc import Callable, Mapping
from typing import Any

from prunegraph.catalogue import LAYERS, known
from prunegraph.errors import UserError

#: What a search does unless told otherwise.
DEFAULTS = {
    "layers": "hidden",
    "self_loops": "none",
    "epochs": 8,
    "start": 8,
    "rounds": 4,
    "batch": 4,
    "repeats": 16,
    "fresh": 5,
    "alpha": 0.0,
    "signal": {"graphs": 24, "seeds": 4},
    "small": None,
    "trade_off": None,
}

#: Keys that name a set of relational graphs, or hold one that does.
SETS = ("graphs", "small", "trade_off")


def searched(facts: Mapping[str, Any] | None, graphs: Callable[[str], Any]) -> dict[str, Any] | None:
    """The settings of a study's search, complete; None without one.

    Parameters
    ----------
    facts
        As configured.
    graphs
        Gives a set of relational graphs by its name, or says that there is none.

    Raises
    ------
    UserError
        For a set that is not configured, an unknown word, an alpha named twice, or one that makes every accuracy equal.
    """
    if facts is None:
        return None
    found = {**DEFAULTS, **facts}
    for name in sets_of(found).values():
        graphs(name)
    known(LAYERS, found["layers"], "choice of layers")
    alphas = (found["trade_off"] or {}).get("alphas", [])
    for place, alpha in enumerate(alphas):
        if alpha in alphas[:place]:
            raise UserError(f"its trade_off names the alpha {alpha:g} twice; name it once.")
    return found


def sets_of(settings: Mapping[str, Any]) -> dict[str, str]:
    """The names of the sets of relational graphs, by the keys of :data:`SETS`."""
    found = {"graphs": settings["graphs"]}
    return found | {key: settings[key]["graphs"] for key in SETS[1:] if settings[key]}
