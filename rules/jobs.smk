# What the wildcards of a job say of it: which reader, model and method it is about.


def reader_of(wildcards):
    """The catalogue name and options of a configured data set, and what it is like."""
    variant = STUDY.datasets[wildcards.dataset]
    return {"name": variant.base, "options": dict(variant.options), "like": variant.like}


def sources_of(wildcards):
    """What says that a data set's official files are there; nothing where they have no address."""
    variant = STUDY.datasets[wildcards.dataset]
    return [f"{RESULTS}/datasets/{variant.base}.there"] if variant.base in REMOTE else []


def state_of(wildcards):
    """What the files of a data set are like; once they are gone, what they were like when it was prepared.

    So other files rerun what depends on them, and a prepared data set needs its files no more.
    """
    variant, note = STUDY.datasets[wildcards.dataset], Path(RESULTS, "datasets", f"{wildcards.dataset}.state")
    found = state(variant.base, config["data_dir"], **variant.options)
    return found or (note.read_text() if note.exists() else "")


def reader_module(wildcards):
    """The module whose code a prepared data set depends on."""
    return module_of(catalogue.DATASETS, STUDY.datasets[wildcards.dataset].base)


def model_of(wildcards):
    """The catalogue name and options of a configured model."""
    variant = STUDY.models[wildcards.model]
    return {"name": variant.base, "options": dict(variant.options)}


def model_module(wildcards):
    """The module whose code a model's results depend on."""
    return module_of(catalogue.MODELS, STUDY.models[wildcards.model].base)


def method_of(wildcards):
    """How the method of a job chooses; see :func:`choice_of`."""
    return choice_of(STUDY.methods[wildcards.method])


def choice_of(variant):
    """How a configured method chooses: pruner, options, layers, counts, repair."""
    chosen = {name: variant.settings[name] for name in ("layers", "counts", "repair")}
    return {"pruner": variant.base, "options": dict(variant.options), **chosen}


def prunes_by(wildcards):
    """The modules whose code a method's masks depend on."""
    variant = STUDY.methods[wildcards.method]
    repair = catalogue.REPAIRS.get(variant.settings["repair"], "")
    return [catalogue.module(part) for part in (*catalogue.PRUNERS[variant.base].references, repair) if part]


def comparable_methods():
    """Methods that choose a mask before training, with what is chosen and sparsities: their masks can be made again.

    Without those that published code scored in float32, and dense.
    """
    records = {name: catalogue.PRUNERS[each.base] for name, each in STUDY.methods.items()}
    alone = {name for name, record in records.items() if record.prunes != "initial" or record.moves or record.trains}
    methods = [each for name, each in STUDY.methods.items() if name not in alone and each.base != "dense"]
    return {
        each.name: {"choice": choice_of(each), "network_seed": STUDY.network_seeds(each)[0]}
        for each in methods
        if not each.options.get("compat")
    }


def comparable_masks():
    """The masks of :func:`comparable_methods` for the first seed: [[data set, model, method, sparsity, path]]."""
    methods, seed = comparable_methods(), STUDY.seeds[0]
    cells = [cell for cell in STUDY.cells() if cell.method in methods]
    return [[*cell, f"{RESULTS}/masks/{NETWORK}.safetensors".format(**cell._asdict(), seed=seed)] for cell in cells]


def comparable_modules():
    """The modules whose code decides the masks of :func:`comparable_methods`, and of the models."""
    pruners = [method["choice"]["pruner"] for method in comparable_methods().values()]
    return [catalogue.module(catalogue.PRUNERS[name].choose) for name in pruners] + [
        module_of(catalogue.MODELS, variant.base) for variant in STUDY.models.values()
    ]


def trained_by(wildcards):
    """The modules that take part in the training of a method's networks."""
    record = catalogue.PRUNERS[STUDY.methods[wildcards.method].base]
    return [catalogue.module(part) for part in (record.moves, record.trains) if part]


def weights_of(wildcards):
    """Each seed's weights that a method prunes: the initial ones, or those of the trained dense network."""
    path = f"{RESULTS}/init/{{dataset}}/{{model}}/seed{{seed}}.safetensors"
    cell = dict(wildcards)
    method = STUDY.methods[wildcards.method]
    if catalogue.PRUNERS[method.base].prunes == "trained":
        path = of_network("trained", "weights.safetensors")
        cell |= {"method": STUDY.dense(), "sparsity": "0"}
    return [expand(path, **cell | {"seed": seed})[0] for seed in STUDY.network_seeds(method)]
