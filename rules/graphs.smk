# From trained networks to graphs and what is measured on them. torch multiplies by large graphs, and nothing else.


rule encode:
    input:
        initial=read_by("encode", "initial"),
        trained=read_by("encode", "trained"),
    output:
        manifest=f"{RESULTS}/graphs/{CELL}.{ASKED}",
    log:
        log_of("encode", f"{CELL}.{{asked}}"),
    benchmark:
        benchmark_of("encode", f"{CELL}.{{asked}}")
    conda:
        "../envs/graphs.yaml"
    threads: 1
    params:
        request=request("encode"),
    message:
        "Encode {wildcards.model}, {wildcards.method} at {wildcards.sparsity}, as graphs"
    script:
        "../workflow_scripts/encode.py"


rule measure:
    input:
        encoded=read_by("measure", "encoded"),
    output:
        manifest=f"{RESULTS}/metrics/{CELL}.{ASKED}",
    log:
        log_of("measure", f"{CELL}.{{asked}}"),
    benchmark:
        benchmark_of("measure", f"{CELL}.{{asked}}")
    conda:
        "../envs/graphs.yaml"
    threads: 1
    # Eigenvalues of large graphs are found by convolutions; where, decides no number beyond their promise of 1e-5.
    resources:
        gpu=lambda wildcards: PLAN.gpus("measure", place_of(dict(wildcards))),
    params:
        request=request("measure"),
    message:
        "Measure {wildcards.model}, {wildcards.method} at {wildcards.sparsity}: topometrics, Ramanujan properties"
    script:
        "../workflow_scripts/measure.py"
