# One rule for each figure, all with the same script: the figure's name is the rule's name and its target.


def drawing_of(figure):
    """A figure as PDF and as PNG."""
    return [f"{RESULTS}/figures/mge/{figure}.pdf", f"{RESULTS}/figures/mge/{figure}.png"]


FIGURES = [path for figure in catalogue.FIGURES for path in drawing_of(figure)]

# What each figure is drawn from: tables by name, the multipartite figure from one graph.
SOURCES = {
    "accuracy": {"networks": COLLECTED["networks"][1]},
    "ramanujan": {"ramanujan": COLLECTED["ramanujan"][1]},
    "regression": {"regression": STUDIES["regression"][1]},
    "importance": {"importance": STUDIES["importance"][1]},
    "ranking": {"ranking": STUDIES["ranking"][1]},
    "sizes": {"topometrics": COLLECTED["topometrics"][1]},
    "multipartite": {"graph": of_network("graphs", "unrolled.graph").format(**DRAWING)},
}

for figure, sources in SOURCES.items():

    rule:
        name:
            f"figure_{figure}"
        input:
            **sources,
        output:
            pictures=report(
                drawing_of(figure),
                caption=f"captions/{figure}.rst",
                category="MGE",
                labels={"figure": figure, "file": "PDF and PNG"},
            ),
        log:
            log_of("figure", figure),
        benchmark:
            benchmark_of("figure", figure)
        conda:
            "../envs/analysis.yaml"
        threads: 1
        params:
            figure=figure,
            code=code_of(module_of(catalogue.FIGURES, figure)),
        message:
            f"Draw the figure {figure}"
        script:
            "../workflow_scripts/figure.py"
