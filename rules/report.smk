# The report: one HTML page with every figure and table of all studies, the ledger of claims, and how it was made.


rule report:
    input:
        **QUESTIONS.report.reads,
    output:
        **QUESTIONS.report.writes,
    log:
        log_of("report", "report"),
    benchmark:
        benchmark_of("report", "report")
    conda:
        "../envs/analysis.yaml"
    threads: 1
    params:
        **QUESTIONS.report.facts,
        snakemake_version=SNAKEMAKE,
    message:
        "Write the report"
    script:
        "../workflow_scripts/report.py"
