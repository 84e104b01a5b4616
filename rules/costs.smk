# What the jobs of the study cost, from the benchmark files that Snakemake writes.

COSTS = table_of("costs")
BENCHMARKS = [benchmark_of("prepare", dataset) for dataset in STUDY.datasets]
BENCHMARKS += expand(benchmark_of("initialise", "{dataset}/{model}"), dataset=STUDY.datasets, model=list(STUDY.models))
BENCHMARKS += [
    benchmark_of(stage, CELL).format(**cell._asdict())
    for stage in ["prune", "train", "encode", "measure"]
    for cell in STUDY.cells()
]


rule costs:
    input:
        networks=COLLECTED["networks"][1],
    output:
        table=COSTS,
    log:
        log_of("costs", "table"),
    benchmark:
        benchmark_of("costs", "table")
    conda:
        "../envs/analysis.yaml"
    threads: 1
    params:
        benchmarks=BENCHMARKS,  # not an input: a benchmark file that was thrown away is no reason to train again
        code=code_of("prunegraph.tables.costs"),
    message:
        "Collect time and memory of every job"
    script:
        "../workflow_scripts/costs.py"
