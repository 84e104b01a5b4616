# The output of a job of the pools has a name that changes with what is asked. These rules list the files of a cell, or of a data
# set, under a name that stays, so that one can be asked for by path.


rule files:
    input:
        manifest=said(lambda wildcards: manifest_in(wildcards.pool, wildcards)),
        asked=said(lambda wildcards: listing_of(wildcards.pool, wildcards)),
    output:
        listed=f"{RESULTS}/{{pool}}/{CELL}.json",
    log:
        log_of("files", f"{{pool}}/{CELL}"),
    benchmark:
        benchmark_of("files", f"{{pool}}/{CELL}")
    conda:
        "../envs/graphs.yaml"
    threads: 1
    message:
        "List what is in {wildcards.pool} of {wildcards.model}, {wildcards.method} at {wildcards.sparsity}"
    script:
        "../workflow_scripts/files.py"


rule files_of_data_set:
    input:
        manifest=said(lambda wildcards: manifest_in("datasets", wildcards)),
        asked=said(lambda wildcards: listing_of("datasets", wildcards)),
    output:
        listed=f"{RESULTS}/datasets/{{dataset}}.json",
    log:
        log_of("files", "datasets/{dataset}"),
    benchmark:
        benchmark_of("files", "datasets/{dataset}")
    conda:
        "../envs/graphs.yaml"
    threads: 1
    message:
        "List the files of {wildcards.dataset}"
    script:
        "../workflow_scripts/files.py"
