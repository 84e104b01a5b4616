# One rule for each figure. They share a script: `script:` is read when the job runs, after this loop has ended,
# so what differs between the rules stands in their other fields.

# The unrolled graph of the network to draw, and those of the other pruners of the same model, sparsity and seed.
DRAWN = of_network("graphs", "unrolled.graph")
SIDE_BY_SIDE = [
    DRAWN.format(**{**DRAWING, "method": cell.method})
    for cell in STUDY.cells()
    if (cell.dataset, cell.model, cell.sparsity) == (DRAWING["dataset"], DRAWING["model"], DRAWING["sparsity"])
]

# What figures read: tables by their names, or graphs.
READABLE = {name: [paths[1]] for name, paths in {**COLLECTED, **STUDIES}.items()}
# Published tables come without graphs and run times: the figures of these need networks of the study's own.
if "own" in STUDY.sources:
    READABLE |= {"graph": [DRAWN.format(**DRAWING)], "graphs": SIDE_BY_SIDE}
    READABLE |= {"costs": COSTS[1:], "mask_stability": rules.mask_stability.output.table[1:]}
DRAWABLE = {name: record for name, record in FIGURE_RECORDS.items() if set(record.reads) <= set(READABLE)}
FIGURES = [path for figure in DRAWABLE for path in drawing_of(figure)]

for figure, record in DRAWABLE.items():

    rule:
        name:
            f"mge_{figure}"
        input:
            sources=[path for name in record.reads for path in READABLE[name]],
        output:
            pictures=[
                report(
                    picture,
                    caption="captions/figure.rst",
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
            draw=record.draw,
            several="graphs" in record.reads,
            caption=record.caption,
            code=code_of(catalogue.module(record.draw)),
        message:
            f"Draw the figure {figure}"
        script:
            "../workflow_scripts/figure.py"
