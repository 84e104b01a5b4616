# Sets of relational graphs: data, as data sets are. The configuration names them; what needs one reads its manifest.


rule relate:
    output:
        manifest=f"{RESULTS}/relational/{{graphs}}.{ASKED}",
    log:
        log_of("relate", "{graphs}.{asked}"),
    benchmark:
        benchmark_of("relate", "{graphs}.{asked}")
    conda:
        "../envs/graphs.yaml"
    threads: 1
    params:
        request=request("relate"),
    message:
        "Make the relational graphs {wildcards.graphs}, and a table of their properties"
    script:
        "../workflow_scripts/relate.py"


rule files_of_relational_graphs:
    input:
        manifest=said(lambda wildcards: manifest_in("relational", wildcards)),
        asked=said(lambda wildcards: listing_of("relational", wildcards)),
    output:
        listed=f"{RESULTS}/relational/{{graphs}}.json",
    log:
        log_of("files", "relational/{graphs}"),
    benchmark:
        benchmark_of("files", "relational/{graphs}")
    conda:
        "../envs/graphs.yaml"
    threads: 1
    message:
        "List the files of the relational graphs {wildcards.graphs}"
    script:
        "../workflow_scripts/files.py"


rule relational:
    """Every set of relational graphs"""
    input:
        [f"{RESULTS}/relational/{name}.json" for name in CONFIGURATION.relational],
