# From images to trained networks. The only output of a rule is a manifest (prunegraph/pool.py); what a job is given, what it
# reads and what its manifest is named after comes from the plan (prunegraph/workflow/plan.py).


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
        there=ancient(said(sources_of)),
    output:
        manifest=f"{RESULTS}/datasets/{{dataset}}.{ASKED}",
    log:
        log_of("prepare", "{dataset}.{asked}"),
    benchmark:
        benchmark_of("prepare", "{dataset}.{asked}")
    conda:
        "../envs/torch.yaml"
    threads: 1
    params:
        source=config["data_dir"],
        request=request("prepare"),
    message:
        "Prepare {wildcards.dataset}: one file with its training, validation and test images"
    script:
        "../workflow_scripts/prepare.py"


rule initialise:
    input:
        images=read_by("initialise", "images"),
    output:
        manifest=f"{RESULTS}/init/{MODEL}.{ASKED}",
    log:
        log_of("initialise", f"{MODEL}.{{asked}}"),
    benchmark:
        benchmark_of("initialise", f"{MODEL}.{{asked}}")
    conda:
        "../envs/torch.yaml"
    threads: 1
    params:
        request=request("initialise"),
    message:
        "Initialise {wildcards.model} for {wildcards.dataset}"
    script:
        "../workflow_scripts/initialise.py"


rule tune:
    input:
        images=read_by("tune", "images"),
        start=read_by("tune", "start"),
    output:
        manifest=f"{RESULTS}/tuning/{MODEL}.{ASKED}",
    log:
        log_of("tune", f"{MODEL}.{{asked}}"),
    benchmark:
        benchmark_of("tune", f"{MODEL}.{{asked}}")
    conda:
        "../envs/torch.yaml"
    threads: config["threads"]
    resources:
        gpu=lambda wildcards: PLAN.gpus("tune", place_of(dict(wildcards))),
    params:
        request=request("tune"),
    message:
        "Tune the recipe of {wildcards.model} on the validation images of {wildcards.dataset}"
    script:
        "../workflow_scripts/tune.py"


rule prune:
    input:
        images=read_by("prune", "images"),
        initial=read_by("prune", "initial"),
        start=read_by("prune", "start"),
        graphs=read_by("prune", "graphs"),
    output:
        manifest=f"{RESULTS}/masks/{CELL}.{ASKED}",
    log:
        log_of("prune", f"{CELL}.{{asked}}"),
    benchmark:
        benchmark_of("prune", f"{CELL}.{{asked}}")
    wildcard_constraints:
        dataset=of_no_other(),
    conda:
        "../envs/torch.yaml"
    threads: config["threads"]
    resources:
        gpu=lambda wildcards: PLAN.gpus("prune", place_of(dict(wildcards))),
    params:
        request=request("prune"),
    message:
        "Prune {wildcards.model} on {wildcards.dataset} by {wildcards.method} to sparsity {wildcards.sparsity}"
    script:
        "../workflow_scripts/prune.py"


rule train:
    input:
        images=read_by("train", "images"),
        start=read_by("train", "start"),
        masks=read_by("train", "masks"),
        tuned=read_by("train", "tuned"),
    output:
        manifest=f"{RESULTS}/trained/{CELL}.{ASKED}",
    log:
        log_of("train", f"{CELL}.{{asked}}"),
    benchmark:
        benchmark_of("train", f"{CELL}.{{asked}}")
    wildcard_constraints:
        dataset=of_no_other(),
    conda:
        "../envs/torch.yaml"
    threads: config["threads"]
    # How a network is trained, not what: resources rerun nothing when they change.
    resources:
        gpu=lambda wildcards: PLAN.gpus("train", place_of(dict(wildcards))),
        checkpoint_epochs=config["training"]["checkpoint_epochs"],
        tensorboard=int(config["training"]["tensorboard"]),
    params:
        request=request("train"),
        checkpoints=f"{RESULTS}/checkpoints/{CELL}",
        scalars=f"{RESULTS}/tensorboard/{CELL}",
    message:
        "Train {wildcards.model} on {wildcards.dataset}, {wildcards.method} at {wildcards.sparsity}"
    script:
        "../workflow_scripts/train.py"


# Networks that are not trained after pruning, or train in no time (`finetune: 0`, `together`): for each list of cells, told by the
# ends of their names, a rule, whose job prunes, trains and tests all networks of a method or of a family of methods. It makes the
# manifests that the two rules above would make one by one.
for number, (ends, places) in enumerate(PLAN.at_once().items()):

    rule:
        name:
            f"prune_and_test_{number}"
        input:
            images=read_by("prune_and_test", "images"),
            initial=read_by("prune_and_test", "initial"),
            start=read_by("prune_and_test", "start"),
            graphs=read_by("prune_and_test", "graphs"),
            tuned=read_by("prune_and_test", "tuned"),
        output:
            masks=[f"{RESULTS}/masks/{METHOD}{end}.{ASKED}" for end in ends],
            trained=[f"{RESULTS}/trained/{METHOD}{end}.{ASKED}" for end in ends],
        log:
            log_of("prune_and_test", f"{METHOD}.{{asked}}"),
        benchmark:
            benchmark_of("prune_and_test", f"{METHOD}.{{asked}}")
        wildcard_constraints:
            dataset=of_these(places),
        conda:
            "../envs/torch.yaml"
        threads: config["threads"]
        resources:
            gpu=lambda wildcards: PLAN.gpus("prune_and_test", place_of(dict(wildcards))),
            checkpoint_epochs=config["training"]["checkpoint_epochs"],
        params:
            request=request("prune_and_test"),
        message:
            "Prune {wildcards.model} on {wildcards.dataset} by {wildcards.method}, repair, train and test: every network"
        script:
            "../workflow_scripts/prune_and_test.py"
