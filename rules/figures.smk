# One rule for each figure. They share a script: `script:` is read when the job runs, after this loop has ended,
# so what differs between the rules stands in their other fields.

# The unrolled graph of the network to draw, and those of the other pruners of the same model, sparsity and seed.
DRAWN = of_network("graphs", "unrolled.graph")
SIDE_BY_SIDE = [
    DRAWN.format(**{**DRAWING, "method": cell.method})
    for cell in STUDY.cells()
    if (cell.dataset, cell.model, cell.sparsity) == (DRAWING["dataset"], DRAWING["model"], DRAWING["sparsity"])
]

# Published tables come without graphs and run times: these figures need networks of the study's own.
OF_OWN_NETWORKS = {"multipartite", "pruners", "mask_stability", "costs"}
DRAWABLE = [figure for figure in catalogue.FIGURES if "own" in STUDY.sources or figure not in OF_OWN_NETWORKS]
FIGURES = [path for figure in DRAWABLE for path in drawing_of(figure)]

# What each figure is drawn from: tables, or graphs.
SOURCES = {
    "encodings": [],
    "multipartite": [DRAWN.format(**DRAWING)],
    "pruners": SIDE_BY_SIDE,
    "mask_stability": rules.mask_stability.output.table[1:],
    "sizes": [COLLECTED["topometrics"][1]],
    "accuracy": [COLLECTED["networks"][1]],
    "performance": [STUDIES["correlation"][1]],
    "ramanujan": [COLLECTED["ramanujan"][1]],
    "regression": [STUDIES["regression"][1]],
    "regression_table": [STUDIES["regression"][1]],
    "trained_weights": [STUDIES["regression"][1]],
    "prediction": [COLLECTED["features"][1]],
    "importance": [STUDIES["importance"][1]],
    "ranking": [STUDIES["ranking"][1]],
    "costs": [COSTS[1], COLLECTED["topometrics"][1]],
}

for figure in DRAWABLE:

    rule:
        name:
            f"figure_{figure}"
        input:
            sources=SOURCES[figure],
        output:
            pictures=[
                report(
                    picture,
                    caption=f"captions/{figure}.rst",
                    category="MGE",
                    labels={"figure": figure, "format": picture[-3:].upper()},
                )
                for picture in drawing_of(figure)
            ],
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
