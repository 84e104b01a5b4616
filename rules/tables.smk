# From the measurements of all networks to tables, and from tables to the studies of MGE (sections 4.1 to 4.2.3).

COLLECTED = {
    name: table_of(name) for name in ["networks", "topometrics", "topometrics_normalised", "ramanujan", "features"]
}
STUDIES = {name: table_of(name) for name in ["correlation", "regression", "importance", "ranking"]}
TABLES = sum([*COLLECTED.values(), *STUDIES.values()], [])


rule collect:
    input:
        scores=of_study(of_network("trained", "score.json")),
        topometrics_files=of_study(of_network("metrics", "topometrics.json")),
        ramanujan_files=of_study(of_network("metrics", "ramanujan.json")),
    output:
        **COLLECTED,
    log:
        log_of("collect", "tables"),
    benchmark:
        benchmark_of("collect", "tables")
    conda:
        "../envs/analysis.yaml"
    threads: 1
    params:
        code=code_of("prunegraph.analysis.collect", "prunegraph.analysis.features"),
    message:
        f"Collect the tables of {STUDY.number_of_networks():,} networks"
    script:
        "../workflow_scripts/collect.py"


rule correlation:
    input:
        features=COLLECTED["features"][1],
    output:
        table=STUDIES["correlation"],
    log:
        log_of("correlation", "table"),
    benchmark:
        benchmark_of("correlation", "table")
    conda:
        "../envs/analysis.yaml"
    threads: 1
    params:
        code=code_of("prunegraph.analysis.correlation"),
    message:
        "Correlate Ramanujan properties and layer density with the accuracy drop"
    script:
        "../workflow_scripts/correlation.py"


rule regression:
    input:
        features=COLLECTED["features"][1],
    output:
        table=STUDIES["regression"],
    log:
        log_of("regression", "table"),
    benchmark:
        benchmark_of("regression", "table")
    conda:
        "../envs/analysis.yaml"
    threads: 1
    params:
        rows_per_feature=config["analysis"]["rows_per_feature"],
        code=code_of("prunegraph.analysis.regression"),
    message:
        "Regress the accuracy drop on each set of features"
    script:
        "../workflow_scripts/regression.py"


rule importance:
    input:
        features=COLLECTED["features"][1],
    output:
        table=STUDIES["importance"],
    log:
        log_of("importance", "table"),
    benchmark:
        benchmark_of("importance", "table")
    conda:
        "../envs/analysis.yaml"
    threads: 1
    params:
        rows_per_feature=config["analysis"]["rows_per_feature"],
        code=code_of("prunegraph.analysis.importance"),
    message:
        "Share the explained variance of the accuracy drop among the topometrics"
    script:
        "../workflow_scripts/importance.py"


rule ranking:
    input:
        features=COLLECTED["features"][1],
    output:
        table=STUDIES["ranking"],
    log:
        log_of("ranking", "table"),
    benchmark:
        benchmark_of("ranking", "table")
    conda:
        "../envs/analysis.yaml"
    threads: 1
    params:
        rows_per_feature=config["analysis"]["rows_per_feature"],
        code=code_of("prunegraph.analysis.ranking"),
    message:
        "Rank the pruners by predicted and by measured accuracy drop"
    script:
        "../workflow_scripts/ranking.py"
