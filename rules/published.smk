# Our networks beside the published ones.


rule published_accuracy:
    input:
        scores=of_study(of_network("trained", "score.json")),
    output:
        table=table_of("published_accuracy"),
    log:
        log_of("published_accuracy", "table"),
    benchmark:
        benchmark_of("published_accuracy", "table")
    conda:
        "../envs/analysis.yaml"
    threads: 1
    params:
        datasets={name: published_as(variant) for name, variant in STUDY.datasets.items()},
        models={name: variant.base for name, variant in STUDY.models.items() if not variant.options},
        code=code_of("prunegraph.analysis.accuracies"),
    message:
        "Write the accuracies of the study beside the published ones"
    script:
        "../workflow_scripts/published_accuracy.py"
