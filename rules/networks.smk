# From images to trained networks.


# The files themselves are no output: Snakemake deletes the outputs of jobs that fail or run again, and these may be the
# user's own. What it knows of them is a note that goes when the data set is prepared.
rule download:
    output:
        there=temp(f"{RESULTS}/datasets/{{source}}.there"),
    log:
        log_of("download", "{source}"),
    benchmark:
        benchmark_of("download", "{source}")
    conda:
        "../envs/torch.yaml"
    threads: 1
    params:
        data_dir=config["data_dir"],
    message:
        "Fetch {wildcards.source} into {params.data_dir}, unless it is there"
    script:
        "../workflow_scripts/download.py"


rule prepare:
    input:
        there=ancient(lambda wildcards: sources_of(wildcards)),
    output:
        images=f"{RESULTS}/datasets/{{dataset}}.safetensors",
        state=f"{RESULTS}/datasets/{{dataset}}.state",
    log:
        log_of("prepare", "{dataset}"),
    benchmark:
        benchmark_of("prepare", "{dataset}")
    conda:
        "../envs/torch.yaml"
    threads: 1
    params:
        reader=lambda wildcards: reader_of(wildcards),
        source=config["data_dir"],
        state_of_source=lambda wildcards: state_of(wildcards),
        validation=config["split"]["validation"],
        split_seed=config["split"]["seed"],
        code=lambda wildcards: code_of("prunegraph.datasets.preparation", reader_module(wildcards)),
    message:
        "Prepare {wildcards.dataset}: one file with its training, validation and test images"
    script:
        "../workflow_scripts/prepare.py"


rule initialise:
    input:
        images=rules.prepare.output.images,
    output:
        architecture=update(f"{RESULTS}/init/{{dataset}}/{{model}}/architecture.json"),
        weights=update(each_seed(f"{RESULTS}/init/{{dataset}}/{{model}}/seed{{seed}}.safetensors")),
    log:
        log_of("initialise", "{dataset}/{model}"),
    benchmark:
        benchmark_of("initialise", "{dataset}/{model}")
    conda:
        "../envs/torch.yaml"
    threads: 1
    params:
        network=lambda wildcards: model_of(wildcards),
        seeds=STUDY.seeds,
        code=lambda wildcards: code_of("prunegraph.models", "prunegraph.wiring.tracing", model_module(wildcards)),
    message:
        "Initialise {wildcards.model} for {wildcards.dataset}, seeds {params.seeds}"
    script:
        "../workflow_scripts/initialise.py"


rule prune:
    input:
        images=rules.prepare.output.images,
        architecture=rules.initialise.output.architecture,
        weights=weights_of,
    output:
        masks=update(each_seed(f"{RESULTS}/masks/{NETWORK}.safetensors")),
    log:
        log_of("prune", CELL),
    benchmark:
        benchmark_of("prune", CELL)
    conda:
        "../envs/torch.yaml"
    threads: config["threads"]
    resources:
        gpu=lambda wildcards: GPU * STUDY.differentiates(wildcards.method),
    params:
        network=lambda wildcards: model_of(wildcards),
        choice=lambda wildcards: method_of(wildcards),
        seeds=STUDY.seeds,
        threads=config["threads"],
        code=lambda wildcards: code_of("prunegraph.pruning", *prunes_by(wildcards), model_module(wildcards)),
    message:
        "Prune {wildcards.model} on {wildcards.dataset} by {wildcards.method} to sparsity {wildcards.sparsity}"
    script:
        "../workflow_scripts/prune.py"


rule train:
    input:
        images=rules.prepare.output.images,
        weights=weights_of,
        masks=rules.prune.output.masks,
    output:
        trained=update(each_seed(of_network("trained", "weights.safetensors"))),
        final_masks=update(each_seed(of_network("trained", "mask.safetensors"))),
        histories=update(each_seed(of_network("trained", "history.csv"))),
        scores=update(each_seed(of_network("trained", "score.json"))),
    log:
        log_of("train", CELL),
    benchmark:
        benchmark_of("train", CELL)
    conda:
        "../envs/torch.yaml"
    threads: config["threads"]
    # How a network is trained, not what: resources rerun nothing when they change.
    resources:
        gpu=GPU,
        checkpoint_epochs=config["training"]["checkpoint_epochs"],
        tensorboard=int(config["training"]["tensorboard"]),
    params:
        network=lambda wildcards: model_of(wildcards),
        choice=lambda wildcards: method_of(wildcards),
        finetune=lambda wildcards: STUDY.methods[wildcards.method].settings["finetune"],
        published_as=lambda wildcards: published_as(STUDY.datasets[wildcards.dataset]),
        recipe=RECIPE,
        threads=config["threads"],
        seeds=STUDY.seeds,
        checkpoints=f"{RESULTS}/checkpoints/{CELL}",
        scalars=each_seed(f"{RESULTS}/tensorboard/{NETWORK}"),
        code=lambda wildcards: code_of(
            "prunegraph.training", "prunegraph.training.scoring", model_module(wildcards), *trained_by(wildcards)
        ),
    message:
        "Train {wildcards.model} on {wildcards.dataset}, {wildcards.method} at {wildcards.sparsity}, seeds {params.seeds}"
    script:
        "../workflow_scripts/train.py"
