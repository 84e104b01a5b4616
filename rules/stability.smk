# Of the masks that are chosen before training: what of them is the network's, and what the draw's or the rounding's.


rule mask_stability:
    input:
        images=expand(rules.prepare.output.images, dataset=STUDY.datasets),
        masks=[path for *_, path in comparable_masks()],
    output:
        table=table_of("mask_stability"),
    log:
        log_of("mask_stability", "table"),
    benchmark:
        benchmark_of("mask_stability", "table")
    conda:
        "../envs/torch.yaml"
    threads: config["threads"]
    resources:
        gpu=GPU,
    params:
        data={dataset: rules.prepare.output.images.format(dataset=dataset) for dataset in STUDY.datasets},
        cells=comparable_masks(),
        networks={
            model: {"name": variant.base, "options": dict(variant.options)} for model, variant in STUDY.models.items()
        },
        methods=comparable_methods(),
        seed=STUDY.seeds[0],
        threads=config["threads"],
        code=code_of("prunegraph.pruning.stability", *comparable_modules()),
    message:
        "Prune again with other images, precision, device, and count the weights that stay"
    script:
        "../workflow_scripts/mask_stability.py"
