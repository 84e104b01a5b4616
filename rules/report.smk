# The report: one HTML page with every figure and table, the ledger of claims, and how it was made.

# Published tables say nothing about what they cost.
OF_RUN = COSTS[1:] + rules.mask_stability.output.table[1:]
REPORTED = PARQUET + (OF_RUN if "own" in STUDY.sources else [])


rule hyperparameters:
    output:
        table=table_of("hyperparameters"),
    log:
        log_of("hyperparameters", "table"),
    benchmark:
        benchmark_of("hyperparameters", "table")
    conda:
        "../envs/analysis.yaml"
    threads: 1
    params:
        datasets={name: published_as(variant) for name, variant in STUDY.datasets.items()},
        models={name: variant.base for name, variant in STUDY.models.items()},
        recipe=config["training"]["recipe"],
        epochs=config["training"]["epochs"],
        code=code_of("prunegraph.training.recipes"),
    message:
        "Write down how networks are trained"
    script:
        "../workflow_scripts/hyperparameters.py"


rule report:
    input:
        pictures=[path for path in FIGURES if path.endswith(".png")],
        tables=REPORTED,
        hyperparameters=rules.hyperparameters.output.table[1],
        ledger=LEDGER,
    output:
        report_file=f"{RESULTS}/report.html",
    log:
        log_of("report", "report"),
    benchmark:
        benchmark_of("report", "report")
    conda:
        "../envs/analysis.yaml"
    threads: 1
    params:
        config=lambda wildcards: dict(config),
        captions={figure: record.caption for figure, record in DRAWABLE.items()},
        networks=STUDY.number_of_networks(),
        snakemake_version=SNAKEMAKE,
        code=code_of("prunegraph.report.page", "prunegraph.report.content", "prunegraph.report.facts"),
        template=sha256(f"{workflow.basedir}/prunegraph/report/page.html")
        + sha256(f"{workflow.basedir}/prunegraph/report/page.css"),
    message:
        "Write the report"
    script:
        "../workflow_scripts/report.py"
