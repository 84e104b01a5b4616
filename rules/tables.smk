# From the measurements of all networks to tables, and from tables to the studies of MGE (sections 4.1 to 4.2.3).
# The columns of every table: prunegraph/tables/columns.py and schemas.py.

from prunegraph.tables import published_files

NAMES = ["networks", "topometrics", "topometrics_normalised", "ramanujan", "features", "quality"]
COLLECTED = {name: table_of(name) for name in NAMES}
# The tables of each source: the study's own where there is only one, else parts that are joined.
COLLECTED_FROM = {
    source: COLLECTED if len(STUDY.sources) == 1 else {name: table_of(f"{source}/{name}") for name in NAMES}
    for source in STUDY.sources
}
STUDIES = studies(
    *["correlation", "correlation_summary", "correlation_layers"],
    *["regression", "regression_folds", "regression_differences"],
    *["importance", "importance_stability"],
    *["ranking", "ranking_summary", "ranking_tests"],
    *["transfer", "coverage"],
)
PREDICTOR = f"{RESULTS}/tables/predictor.json"
TABLES = sum([*COLLECTED.values(), *STUDIES.values()], [])
# The authors' own files, or what comes with the package.
PUBLISHED_DIR = config["published_dir"]
if "published" in STUDY.sources and PUBLISHED_DIR:
    stop_if(published_files.lacking(PUBLISHED_DIR))


if "own" in STUDY.sources:

    rule collect:
        input:
            scores=of_study(of_network("trained", "score.json")),
            topometrics_files=of_study(of_network("metrics", "topometrics.json")),
            ramanujan_files=of_study(of_network("metrics", "ramanujan.json")),
        output:
            **COLLECTED_FROM["own"],
        log:
            log_of("collect", "tables"),
        benchmark:
            benchmark_of("collect", "tables")
        conda:
            "../envs/analysis.yaml"
        threads: 1
        params:
            code=code_of("prunegraph.tables.collect", "prunegraph.tables.features", "prunegraph.tables.quality"),
        message:
            f"Collect the tables of {STUDY.number_of_networks():,} networks"
        script:
            "../workflow_scripts/collect.py"


if "published" in STUDY.sources:

    rule read_published:
        input:
            files=(
                [f"{PUBLISHED_DIR}/{path}" for path in published_files.FILES]
                if PUBLISHED_DIR
                else [str(published_files.SHIPPED_IN / file) for file in published_files.SHIPPED.values()]
            ),
        output:
            **COLLECTED_FROM["published"],
        log:
            log_of("read_published", "tables"),
        benchmark:
            benchmark_of("read_published", "tables")
        conda:
            "../envs/analysis.yaml"
        threads: 1
        params:
            folder=PUBLISHED_DIR,
            code=code_of("prunegraph.tables.published"),
        message:
            "Read the authors' tables"
        script:
            "../workflow_scripts/read_published.py"


if len(STUDY.sources) > 1:

    rule join:
        input:
            parts=[paths[1] for source in STUDY.sources for paths in COLLECTED_FROM[source].values()],
        output:
            **COLLECTED,
        log:
            log_of("join", "tables"),
        benchmark:
            benchmark_of("join", "tables")
        conda:
            "../envs/analysis.yaml"
        threads: 1
        params:
            code=code_of("prunegraph.tables.frames"),
        message:
            "Join the tables of own and published networks"
        script:
            "../workflow_scripts/join.py"


rule correlation:
    input:
        features=COLLECTED["features"][1],
        ramanujan=COLLECTED["ramanujan"][1],
    output:
        **studies("correlation", "correlation_summary", "correlation_layers"),
    log:
        log_of("correlation", "table"),
    benchmark:
        benchmark_of("correlation", "table")
    conda:
        "../envs/analysis.yaml"
    threads: 1
    params:
        bootstrap=config["analysis"]["bootstrap"],
        code=code_of("prunegraph.analysis.correlation"),
    message:
        "Correlate Ramanujan properties and layer density with the accuracy drop"
    script:
        "../workflow_scripts/correlation.py"


rule regression:
    input:
        features=COLLECTED["features"][1],
    output:
        **studies("regression", "regression_folds", "regression_differences"),
    log:
        log_of("regression", "table"),
    benchmark:
        benchmark_of("regression", "table")
    conda:
        "../envs/analysis.yaml"
    threads: 1
    params:
        rows_per_feature=config["analysis"]["rows_per_feature"],
        # The published protocol deals the lasso twice.
        lasso_repeats=2 if "published" in STUDY.sources else 1,
        bootstrap=config["analysis"]["bootstrap"],
        code=code_of("prunegraph.analysis.regression", "prunegraph.analysis.differences"),
    message:
        "Regress the accuracy drop on each set of features"
    script:
        "../workflow_scripts/regression.py"


rule importance:
    input:
        features=COLLECTED["features"][1],
    output:
        **studies("importance", "importance_stability"),
    log:
        log_of("importance", "table"),
    benchmark:
        benchmark_of("importance", "table")
    conda:
        "../envs/analysis.yaml"
    threads: 1
    params:
        rows_per_feature=config["analysis"]["rows_per_feature"],
        bootstrap=config["analysis"]["bootstrap"],
        code=code_of("prunegraph.analysis.importance"),
    message:
        "Share the explained variance of the accuracy drop among the topometrics"
    script:
        "../workflow_scripts/importance.py"


rule ranking:
    input:
        features=COLLECTED["features"][1],
    output:
        **studies("ranking", "ranking_summary", "ranking_tests"),
    log:
        log_of("ranking", "table"),
    benchmark:
        benchmark_of("ranking", "table")
    conda:
        "../envs/analysis.yaml"
    threads: 1
    params:
        rows_per_feature=config["analysis"]["rows_per_feature"],
        bootstrap=config["analysis"]["bootstrap"],
        code=code_of("prunegraph.analysis.ranking", "prunegraph.analysis.ranking_tests"),
    message:
        "Rank the pruners by predicted and by measured accuracy drop"
    script:
        "../workflow_scripts/ranking.py"


rule transfer:
    input:
        features=COLLECTED["features"][1],
    output:
        **studies("transfer", "coverage"),
        predictor=PREDICTOR,
    log:
        log_of("transfer", "table"),
    benchmark:
        benchmark_of("transfer", "table")
    conda:
        "../envs/analysis.yaml"
    threads: 1
    params:
        rows_per_feature=config["analysis"]["rows_per_feature"],
        code=code_of("prunegraph.analysis.transfer"),
    message:
        "Fit a predictor of the accuracy drop and test it on networks of other systems"
    script:
        "../workflow_scripts/transfer.py"
