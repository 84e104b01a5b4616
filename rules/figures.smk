# One rule for each figure. They share a script: `script:` is read when the job runs, after this loop has ended,
# so what differs between the rules stands in their other fields.

# Published tables come without graphs and run times: these figures need networks of the study's own.
OF_OWN_NETWORKS = {"multipartite", "pruners", "costs"}
DRAWABLE = [figure for figure in catalogue.FIGURES if "own" in STUDY.sources or figure not in OF_OWN_NETWORKS]
FIGURES = [path for figure in DRAWABLE for path in drawing_of(figure)]

# What each figure is drawn from: a table, the multipartite figure a graph.
SOURCES = {
    "accuracy": COLLECTED["networks"][1],
    "ramanujan": COLLECTED["ramanujan"][1],
    "regression": STUDIES["regression"][1],
    "importance": STUDIES["importance"][1],
    "ranking": STUDIES["ranking"][1],
    "sizes": COLLECTED["topometrics"][1],
    "multipartite": of_network("graphs", "unrolled.graph").format(**DRAWING),
}

for figure in DRAWABLE:

    rule:
        name:
            f"figure_{figure}"
        input:
            source=SOURCES[figure],
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
