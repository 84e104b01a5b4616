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


for study, told in {
    "correlation": "Correlate Ramanujan properties and layer density with the accuracy drop",
    "regression": "Regress the accuracy drop on each set of features",
    "importance": "Share the explained variance of the accuracy drop among the topometrics",
    "ranking": "Rank the pruners by predicted and by measured accuracy drop",
}.items():

    rule:
        name:
            study
        input:
            features=COLLECTED["features"][1],
        output:
            table=STUDIES[study],
        log:
            log_of(study, "table"),
        benchmark:
            benchmark_of(study, "table")
        conda:
            "../envs/analysis.yaml"
        threads: 1
        params:
            rows_per_feature=config["analysis"]["rows_per_feature"],
            code=code_of(f"prunegraph.analysis.{study}"),
        message:
            told
        script:
            f"../workflow_scripts/{study}.py"
