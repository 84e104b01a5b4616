# The ledger: what the papers claim, and whether published and own numbers bear it out.


rule claims:
    input:
        **QUESTIONS.claims.reads,
    output:
        **QUESTIONS.claims.writes,
    log:
        log_of("claims", "ledger"),
    benchmark:
        benchmark_of("claims", "ledger")
    conda:
        "../envs/analysis.yaml"
    threads: 1
    params:
        **QUESTIONS.claims.facts,
    message:
        "Test the claims of the papers"
    script:
        "../workflow_scripts/claims.py"
