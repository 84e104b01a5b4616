# The ledger: what the papers claim, and whether published and own numbers bear it out.

LEDGER = f"{RESULTS}/claims.csv"


PARQUET = [path for path in TABLES if path.endswith(".parquet")]
# Where own and published networks are studied together, only the tables of single scenarios tell them apart.
APART = [path for path in PARQUET if Path(path).stem in ("networks", "ramanujan", "correlation", "ranking")]


rule claims:
    input:
        claims=[f"{workflow.basedir}/claims/{system}.yaml" for system in catalogue.SYSTEMS],
        own={"own": PARQUET, "both": APART, "published": []}[config["networks"]],
        published=PARQUET if config["networks"] == "published" else lambda wildcards: published_tables(),
    output:
        ledger=LEDGER,
    log:
        log_of("claims", "ledger"),
    benchmark:
        benchmark_of("claims", "ledger")
    conda:
        "../envs/analysis.yaml"
    threads: 1
    params:
        code=code_of("prunegraph.analysis.claims"),
    message:
        "Test the claims of the papers"
    script:
        "../workflow_scripts/claims.py"
