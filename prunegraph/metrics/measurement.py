"""The measurement of one graph; arrays that several metrics share are made once, and only if they are needed."""

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from prunegraph.errors import UserError
from prunegraph.graphs.blocks import Bundle
from prunegraph.memory import check_edge_list
from prunegraph.metrics.explicit import coreness, motifs, neighbourhood
from prunegraph.metrics.explicit.adjacency import Adjacency, from_graph
from prunegraph.metrics.explicit.cuts import Cuts, cuts, mean_component
from prunegraph.metrics.explicit.motif_estimate import estimated_motifs
from prunegraph.metrics.implicit.layout import Layout, flattened, layout
from prunegraph.metrics.local import local_counts
from prunegraph.metrics.paths import Plan
from prunegraph.metrics.spectrum import gap_and_radius
from prunegraph.metrics.strength import strength

if TYPE_CHECKING:
    from prunegraph.graphs import MultipartiteGraph

Values = dict[str, int | float | None]


class Measurement:
    """A graph with the path of each group of metrics and the arrays that metrics share."""

    def __init__(self, graph: "MultipartiteGraph", plan: Plan, device: str, report: dict):
        self.plan, self.device, self.report = plan, device, report
        self.motifs_seed: int | None = None  # seed of the estimate; None for the exact number
        self.graph = graph = flattened(graph)
        self.into, self.out = graph.in_degree(), graph.out_degree()
        self.degree = self.into + self.out

    @cached_property
    def rows(self) -> Adjacency:
        """The list of the edges as compressed rows.

        Raises
        ------
        UserError
            If the list would not fit into memory.
        """
        check_edge_list(self.graph.number_of_edges(), "measure")
        return from_graph(self.graph)

    @cached_property
    def layout(self) -> Layout | None:
        """The layout of the blocks, None where edges must be listed."""
        return layout(self.graph)

    @cached_property
    def packed(self):
        """The masks, packed for the removal of nodes (cores) and for searches (cuts)."""
        from prunegraph.metrics.implicit.adjacency import pack

        return pack(self.layout)

    def _implicit(self, path: str) -> bool:
        return path == "implicit" and self.layout is not None

    def local(self, mode: str) -> Values:
        """Measure sinks, sources, removable connections and strength."""
        counts = local_counts(self.into, self.out, self.graph.parts, mode, self.graph.outputs())
        return counts | {"strength": strength(self.graph.weight_sum(), len(self.degree))}

    def counts(self) -> Values:
        """Measure neighbourhoods and motifs."""
        if self._implicit(self.plan.counts):
            from prunegraph.metrics.implicit.two_step_paths import TooManyPaths

            with suppress(TooManyPaths):
                return self._implicit_counts()
        return {
            "one_hop": neighbourhood.one_hop(self.rows),
            "two_hop": neighbourhood.two_hop(self.rows),
            "motifs": self._motifs(),
        }

    def _motifs(self) -> float | int:
        if self.motifs_seed is not None:
            return estimated_motifs(self.rows.undirected, self.motifs_seed)
        return motifs.motifs(self.rows.undirected)

    def _implicit_counts(self) -> Values:
        from prunegraph.metrics.implicit.motifs import motifs as implicit_motifs
        from prunegraph.metrics.implicit.neighbourhood import two_hop
        from prunegraph.metrics.implicit.walks import Walks

        walks = Walks(self.layout)
        found = None
        if self.motifs_seed is None:
            packed = self.packed if self.layout.loose else None
            found = implicit_motifs(self.graph, walks, self.degree, packed)
        return {
            "one_hop": 1 + self.graph.number_of_edges() / len(self.degree),
            "two_hop": two_hop(self.graph, walks),
            "motifs": self._motifs() if found is None else found,
        }

    def cuts(self) -> Values:
        """Measure cores, cut edges and nodes, and components."""
        if self._implicit(self.plan.cuts):
            from prunegraph.metrics.implicit.coreness import k_core

            core = k_core(self.layout, self.degree, self.packed)
        else:
            core = coreness.k_core(self.rows.undirected)
        found = self._cuts()
        return {
            "k_core": core,
            "cut_edges": found.edges,
            "cut_nodes": found.nodes,
            "components": found.components,
            "mean_component": mean_component(len(self.degree), found.components),
        }

    def _cuts(self) -> Cuts:
        if self._implicit(self.plan.cuts):
            from prunegraph.metrics.implicit.cuts import certified_cuts

            return certified_cuts(self.layout, self.packed)
        return cuts(self.rows.undirected)

    def spectrum(self) -> Values:
        """Measure spectral gap and radius; steps and residuals are written into the report."""
        if self.plan.spectrum == "implicit" and all(isinstance(block, Bundle) for block in self.graph.blocks):
            operator = _operator_type()(self.graph, self.device)
            meeting = self.graph.in_strength() + self.graph.out_strength()
            gap = gap_and_radius.implicit_gap(operator)
            radius = gap_and_radius.implicit_radius(operator, meeting, self.graph.parts)
        else:
            gap, radius = gap_and_radius.spectral_gap(self.rows), gap_and_radius.spectral_radius(self.rows)
        for name, solution in (("spectral_gap", gap), ("spectral_radius", radius)):
            self.report[name] = {"steps": solution.steps, "residual": solution.residual}
        return {"spectral_gap": gap.value, "spectral_radius": radius.value}


def _operator_type() -> type:
    try:
        from prunegraph.metrics.spectrum.operator import Operator
    except ModuleNotFoundError as problem:
        raise UserError(
            f"The implicit path multiplies with torch ({problem}); install it or leave the path open."
        ) from None
    return Operator
