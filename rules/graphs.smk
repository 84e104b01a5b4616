# From trained networks to graphs and what is measured on them. torch multiplies by large graphs, and nothing else.


rule encode:
    input:
        architecture=rules.initialise.output.architecture,
        trained=rules.train.output.trained,
        masks=rules.train.output.final_masks,
    output:
        encoded=update(each_seed(of_network("graphs", "{encoding}.graph"), encoding=STUDY.encodings)),
    log:
        log_of("encode", CELL),
    benchmark:
        benchmark_of("encode", CELL)
    conda:
        "../envs/graphs.yaml"
    threads: 1
    params:
        encodings=STUDY.encodings,
        mode=STUDY.mode,
        seeds=STUDY.seeds,
        code=code_of("prunegraph.encoding", *(module_of(catalogue.ENCODINGS, name) for name in STUDY.encodings)),
    message:
        "Encode {wildcards.model}, {wildcards.method} at {wildcards.sparsity}, as graphs: {params.encodings}"
    script:
        "../workflow_scripts/encode.py"


rule measure:
    input:
        encoded=rules.encode.output.encoded,
    output:
        topometrics_files=update(each_seed(of_network("metrics", "topometrics.json"))),
        ramanujan_files=update(each_seed(of_network("metrics", "ramanujan.json"))),
    log:
        log_of("measure", CELL),
    benchmark:
        benchmark_of("measure", CELL)
    conda:
        "../envs/graphs.yaml"
    threads: 1
    # Eigenvalues of large graphs are found by convolutions; where, decides no number beyond their promise of 1e-5.
    resources:
        gpu=lambda wildcards: GPU * STUDY.large_graphs(wildcards.dataset),
    params:
        encodings=STUDY.encodings,
        motifs=STUDY.motifs,
        seeds=STUDY.seeds,
        code=code_of("prunegraph.metrics.topometrics", "prunegraph.metrics.ramanujan"),
    message:
        "Measure {wildcards.model}, {wildcards.method} at {wildcards.sparsity}: topometrics, Ramanujan properties"
    script:
        "../workflow_scripts/measure.py"
