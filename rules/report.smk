# The report: Snakemake's own, one HTML file with every figure and table, its caption and how it was made.


rule report:
    input:
        figures=FIGURES,
        tables=TABLES,
    output:
        report_file=f"{RESULTS}/report.html",
    log:
        log_of("report", "report"),
    benchmark:
        benchmark_of("report", "report")
    conda:
        "../envs/workflow.yaml"
    threads: 1
    params:
        config=lambda wildcards: dict(config),
    message:
        "Write the report"
    script:
        "../workflow_scripts/report.py"
