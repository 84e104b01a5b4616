"""A configuration is checked before any job, and what is wrong is said in a sentence."""

import copy
import dataclasses
import re

import pytest
import yaml
from helpers import ROOT

from prunegraph import catalogue
from prunegraph.errors import UserError
from prunegraph.training.recipes import OPTIMISERS, SCHEDULES, Recipe, recipe
from prunegraph.variants import input_shape, options_of, published_as, required_of, written
from prunegraph.workflow.configuration import Configuration, read_schema
from prunegraph.workflow.plan import Plan
from prunegraph.workflow.study import Cell

SCHEMA = read_schema(ROOT / "rules/config.schema.yaml")
DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text())
DRAWING = {"dataset": "digits", "model": "conv6_narrow", "method": "snip", "sparsity": 0.6, "seed": 0}


def folder_of(**changes):
    """An image folder as a variant of the configuration."""
    options = {"path": "data/mine.zip", **changes.pop("options", {})}
    return {"datasets": {"mine": {"dataset": "imagefolder", "options": options, **changes}}}


def merged(old, new):
    """As Snakemake merges: mappings in each other, everything else is replaced."""
    found = copy.deepcopy(old)
    for key, value in new.items():
        found[key] = (
            merged(found[key], value) if isinstance(value, dict) and isinstance(found.get(key), dict) else value
        )
    return found


def configuration(*overlays, **changes):
    config = DEFAULT
    for overlay in (*overlays, changes):
        config = merged(config, overlay)
    return Configuration(config, SCHEMA)


def mge(*overlays, **changes):
    """The study mge with other keys."""
    return configuration(*overlays, studies={"mge": changes}).studies["mge"]


def overlay(name):
    return yaml.safe_load((ROOT / f"studies/{name}.yaml").read_text())


def test_default_study_is_the_one_described():
    default = mge()
    assert list(default.methods) == ["dense", "snip", "grasp", "synflow", "prospr", "uniform", "er", "erk"]
    assert len(default.sparsities) >= 3
    assert default.number_of_networks() == len(default.models) * len(default.seeds) * (7 * len(default.sparsities) + 1)
    assert (default.system, default.own, default.measured) == ("mge", True, True)


def test_default_run_studies_the_published_networks_too():
    published = configuration().studies["published"]
    assert (published.sources, published.system, published.own) == (("published",), "mge", False)
    assert published.analysis == {"rows_per_feature": 5, "bootstrap": 200}
    assert list(configuration(overlay("published")).studies) == ["published"]


def test_paper_study_is_the_published_grid():
    paper = configuration(overlay("paper")).studies["paper"]
    cells = list(paper.cells())
    pruned = [cell for cell in cells if cell.method != "dense"]
    assert len(pruned) * len(paper.seeds) == 1260
    assert len(cells) - len(pruned) == 12
    assert not any(model.options for model in paper.models.values())
    assert {model.settings["recipe"] for model in paper.models.values()} == {"published"}
    assert {dataset.settings["split"]["validation"] for dataset in paper.datasets.values()} == {0}


def test_studies_of_trained_networks_at_the_sizes_of_their_papers():
    dpp = configuration(overlay("paper_dpp"))
    for name, hidden in (("mnist", [500, 500]), ("cifar10", [1000, 1000, 1000])):
        study = dpp.studies[f"paper_dpp_{name}"]
        (model,) = study.models.values()
        assert model.options == {"hidden": hidden, "activation": "sigmoid"} and study.system == "dpp"
        assert {len(study.sparsities_of(method)) for method in study.methods.values()} == {1, 9}
        pruners = {f"{rule}_{kind}" for rule in ("dpp", "random", "importance") for kind in ("edge", "node")}
        assert {method.base for method in study.methods.values()} == pruners | {"dense", "wanda", "obs"}
        assert all(method.settings["layers"] in ("first", "all") for method in study.methods.values())
        assert {dataset.settings["split"]["validation"] for dataset in study.datasets.values()} == {0}
    ranked = configuration(overlay("paper_mlp_rank"))
    layers = {"mnist": 2, "fashion_mnist": 3, "cifar10": 6, "cifar100": 12}  # with the output layer
    for name, number in layers.items():
        study = ranked.studies[f"paper_mlp_rank_{name}"]
        (model,) = study.models.values()
        assert len(model.options["hidden"]) + 1 == number
        assert len(study.methods) == 13 and study.sparsities == (0.1, 0.2, 0.3, 0.4, 0.5)
        base, changed = ranked.recipe(model.settings["recipe"])
        assert Recipe(**changed).optimiser == "adam" and base == "quick"


def test_a_grid_is_checked_before_any_job():
    def tuned(**grid):
        recipes = {"found": {"recipe": "quick", "tuned": grid}}
        return configuration(recipes=recipes, models={"mine": {"model": "mlp", "recipe": "found"}})

    made = tuned(learning_rate=[0.1, 0.01], epochs=2)
    assert made.grid("found") == {"learning_rate": [0.1, 0.01], "epochs": 2} and made.recipe("found") == ("quick", {})
    assert made.grid("quick") == made.grid(None) == {}
    plan = Plan(made)
    assert plan.is_tuned(("digits", "mine")) and not plan.is_tuned(("digits", "mlp"))
    assert plan.recipe_of(made.variant("models", "mine")) == {"name": "found", "base": "quick"}
    cell = Cell("digits", "mine", "dense", "0")
    assert plan.reads("train", cell)["tuned"] == plan.manifest("tune", cell)
    assert "tuned" not in plan.reads("train", Cell("digits", "mlp", "dense", "0"))
    with pytest.raises(UserError, match=r"The recipe 'found': .* weight_decay is -1"):
        tuned(weight_decay=[0, -1])
    with pytest.raises(UserError, match="The recipe 'found': A recipe is tuned over two or more points"):
        tuned(weight_decay=[0])


def test_dense_has_one_sparsity_only():
    assert {cell.sparsity for cell in mge().cells() if cell.method == "dense"} == {"0"}


def test_variants_and_their_own_sparsities():
    variant = {"methods": {"snip_twice": {"pruner": "snip", "options": {"batch_size": 256}, "sparsities": [0.5]}}}
    made = mge(variant, methods=["dense", "snip_twice"])
    assert made.methods["snip_twice"].base == "snip"
    assert {cell.sparsity for cell in made.cells() if cell.method == "snip_twice"} == {"0.5"}
    assert made.drawing()["sparsity"] == "0.5"


def test_variants_of_data_sets_have_their_own_shape_and_recipe():
    made = mge(folder_of(options={"size": 48, "channels": 1}), datasets=["digits", "cifar10", "mine"])
    assert list(made.datasets) == ["digits", "cifar10", "mine"]
    assert {cell.dataset for cell in made.cells()} == {"digits", "cifar10", "mine"}
    shapes = {name: input_shape(variant) for name, variant in made.datasets.items()}
    assert shapes == {"digits": (1, 8, 8), "cifar10": (3, 32, 32), "mine": (1, 48, 48)}
    assert [published_as(variant) for variant in made.datasets.values()] == ["digits", "cifar10", ""]
    published = {"models": {"paper20": {"model": "resnet20", "recipe": "published"}}}
    like = mge(folder_of(like="cifar10"), published, datasets=["mine"], models=["paper20"])
    assert published_as(like.datasets["mine"]) == "cifar10"


def test_numbers_from_the_command_line_are_numbers():
    made = configuration(studies={"mge": {"seeds": ["0", "3"], "sparsities": ["0.5"]}}, training={"epochs": "null"})
    study = made.studies["mge"]
    assert (study.seeds, study.sparsities, made.config["training"]["epochs"]) == ((0, 3), (0.5,), None)


def test_a_number_of_seeds_stands_for_the_first_ones():
    assert mge(seeds=4).seeds == (0, 1, 2, 3)
    assert mge().seeds == configuration().seeds == (0, 1)


def test_a_cell_has_the_seeds_of_all_studies_that_name_it():
    draws = {"datasets": ["digits"], "models": ["conv6_narrow"], "methods": ["dense", "draws"], "sparsities": [0.9]}
    method = {"draws": {"pruner": "magnitude", "network_seeds": 3}}
    made = configuration(methods=method, studies={"many": {**draws, "seeds": 5}, "mge": {"seeds": [1, 7]}})
    cell = Cell("digits", "conv6_narrow", "draws", "0.9")
    assert made.seeds_of_cell(cell) == (0, 1, 2, 3, 4)
    # Five draws on three networks; the other study has its own.
    assert made.seeds_of_cell(cell._replace(method="dense", sparsity="0")) == (0, 1, 2, 7)
    assert made.seeds_of_cell(cell._replace(method="snip")) == (1, 7)
    assert made.seeds_of_model("digits", "conv6_narrow") == (0, 1, 2, 3, 4, 7)
    # A cell that no study names can be pruned from what is there; one of another model has the run's seeds.
    assert made.seeds_of_cell(cell._replace(method="uniform", sparsity="0.123")) == (0, 1, 2, 7)
    assert made.seeds_of_cell(cell._replace(model="mlp")) == made.seeds_of_model("digits", "mlp") == made.seeds


def test_the_network_to_draw():
    assert mge().drawing() == DRAWING | {"model": "resnet20_narrow", "sparsity": "0.98", "seed": "0"}
    chosen = mge(drawing=DRAWING | {"method": "er", "sparsity": 0.9}).drawing()
    assert chosen == DRAWING | {"method": "er", "sparsity": "0.9", "seed": "0"}


def variants(kind, **entries):
    return {kind: entries}


@pytest.mark.parametrize(
    ("overlays", "changes", "words"),
    [
        ([], {"methods": ["snipp"]}, ["In the study mge", "Unknown pruner 'snipp'", "Did you mean 'snip'", "grasp"]),
        ([], {"methods": ["snip_compat"]}, ["now 'snip' with an option", "compat: true"]),
        ([], {"models": ["resnet21"]}, ["Unknown model 'resnet21'", "resnet20"]),
        ([], {"datasets": ["digit"]}, ["Unknown data set 'digit'", "Did you mean 'digits'", "cifar10"]),
        ([{"encodings": ["rolld"]}], {}, ["Unknown encoding 'rolld'", "rolled_channel"]),
        ([{"mode": "strict"}], {}, ["Unknown mode 'strict'", "clean", "compat"]),
        ([{"training": {"recipe": "fast"}}], {}, ["Unknown recipe 'fast'", "quick"]),
        ([], {"sparsitys": [0.5]}, ["at studies.mge", "Unknown key 'sparsitys'", "Did you mean 'sparsities'"]),
        ([{"trainings": {}}], {}, ["Unknown key 'trainings'", "Did you mean 'training'"]),
        ([{"training": {"epoch": 3}}], {}, ["at training", "Unknown key 'epoch'", "epochs"]),
        ([], {"sparsities": [0.5, 1.0]}, ["Sparsity 1.0 is outside [0, 1)"]),
        ([], {"sparsities": [-0.1]}, ["Sparsity -0.1 is outside [0, 1)"]),
        ([], {"sparsities": [0.99999999999]}, ["more than ten decimals"]),
        ([], {"sparsities": ["high"]}, ["at studies.mge.sparsities.0", "'high'"]),
        ([], {"sparsities": 0.9}, ["at studies.mge.sparsities", "found 0.9", "a list of numbers"]),
        ([], {"seeds": [0, 0]}, ["`seeds` names 0 twice"]),
        ([{"seeds": [-1]}], {}, ["at seeds.0", "-1", "whole number"]),
        ([{"seeds": "many"}], {}, ["at seeds", "found 'many'", "a list of whole numbers"]),
        ([], {"seeds": 0}, ["at studies.mge.seeds", "found 0"]),
        ([{"training": {"epochs": 0}}], {}, ["at training.epochs", "found 0", "from 1 up"]),
        ([{"training": {"recipe": "published"}}], {}, ["'published' is not published for 'digits'", "quick"]),
        ([variants("methods", d={"pruner": "dense", "sparsities": [0.5]})], {}, ["only sparsity is 0"]),
        ([variants("methods", snip={"pruner": "snip"})], {}, ["named 'snip', like the pruner of the", "snip_mine"]),
        ([variants("datasets", cifar10={"dataset": "digits"})], {}, ["named 'cifar10', like another data set"]),
        ([variants("methods", s={"pruner": "snip", "options": {"size": 1}})], {}, ["option 'size'", "batch_size"]),
        ([variants("methods", s={"pruner": "snip", "options": {"layers": "all"}})], {}, ["no option but a key"]),
        ([variants("methods", s={"pruners": "snip"})], {}, ["Unknown key 'pruners'", "pruner"]),
        ([variants("methods", s={})], {}, ["at methods.s", "'pruner' is a required property"]),
        ([variants("models", S={"model": "mlp"})], {}, ["at models", "'S'"]),
        ([], {"datasets": ["digits", "digits"]}, ["`datasets` names 'digits' twice"]),
        ([variants("datasets", d={"dataset": "digit"})], {}, ["Unknown data set 'digit'", "imagefolder"]),
        ([variants("datasets", d={"dataset": "digits", "options": {"size": 9}})], {}, ["option 'size'", "none"]),
        ([], {"datasets": ["imagefolder"]}, ["'imagefolder' needs the option 'path'", "name a variant"]),
        ([folder_of(like="mnist")], {}, ["Unknown published data set 'mnist'", "cifar10"]),
        ([folder_of(like="cifar10", options={"size": 64})], {}, ["images are 3x32x32, but has images of 3x64x64"]),
        ([folder_of(options={"channels": 2})], {}, ["at datasets.mine.options.channels", "found 2", "1 (grey) or 3"]),
        ([folder_of(normalise={"mean": [0.5, 0.5], "std": [1]})], {}, ["has 3 channels", "2 for mean"]),
        ([folder_of(options={"size": 4})], {"datasets": ["mine"]}, ["conv6", "at least 8x8", "'mine' have 4x4"]),
        (
            [folder_of(), {"training": {"recipe": "published"}}],
            {"datasets": ["mine"]},
            ["not published for 'mine'", "quick"],
        ),
        (
            [
                variants("datasets", t={"dataset": "tiny_imagenet", "options": {"size": 64}}),
                variants("models", m={"model": "conv6", "recipe": "published"}),
            ],
            {"datasets": ["t"], "models": ["m"]},
            ["not published for 't'"],
        ),
        (
            [],
            {"drawing": DRAWING | {"method": "er", "sparsity": 0.5}},
            ["er/0.5", "not in the study mge", "for example digits/resnet20_narrow/snip/0.98"],
        ),
        ([], {"system": "mgo"}, ["Unknown system 'mgo'", "mge"]),
        ([{"studies": {"train": {"networks": "published"}}}], {}, ["cannot be named 'train'", "a rule is"]),
        ([{"studies": {"mge_ranking": {"networks": "published"}}}], {}, ["cannot be named 'mge_ranking'"]),
        ([{"studies": {"empty": {"system": "mge"}}}], {}, ["In the study empty", "no datasets, models, methods"]),
        (
            [{"studies": dict.fromkeys(("mge", "dpp", "mlp_rank", "bogp", "rgp"))}, {"studies": {"published": None}}],
            None,
            ["There is no study"],
        ),
        ([{"device": "gpu"}], {}, ["at device", "'gpu'", "cuda"]),
    ],
)
def test_mistakes_are_said_in_a_sentence(overlays, changes, words):
    with pytest.raises(UserError) as caught:
        configuration(*overlays, **({} if changes is None else {"studies": {"mge": changes}}))
    missing = [word for word in words if word not in str(caught.value)]
    assert not missing, f"{missing} not in: {caught.value}"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("sparsities", [0.5]),
        ("datasets", ["digits"]),
        ("models", [{"name": "resnet20", "options": {"width": 0.75}}]),
        ("methods", ["dense"]),
        ("networks", "published"),
        ("published", "results/published"),
        ("drawing", None),
    ],
)
def test_a_key_of_an_earlier_version_says_what_it_became(key, value):
    with pytest.raises(UserError) as caught:
        configuration(**{key: value})
    assert f"The key `{key}`" in str(caught.value)
    assert ("studies: {mge: {" + key in str(caught.value)) == (key != "published")


def test_too_small_images_are_an_impossible_pair(monkeypatch):
    monkeypatch.setitem(catalogue.INPUT_SHAPES, "digits", (1, 6, 6))
    with pytest.raises(UserError, match=r"conv6.*at least 8x8.*6x6"):
        mge()


def test_a_missing_key_is_named():
    config = copy.deepcopy(DEFAULT)
    del config["seeds"]
    with pytest.raises(UserError, match="'seeds' is a required property"):
        Configuration(config, SCHEMA)


@pytest.mark.parametrize(
    ("value", "text"), [(0.98, "0.98"), (0.0, "0"), (0.6, "0.6"), (0.1 + 0.2, "0.3"), (1e-5, "0.00001")]
)
def test_sparsities_in_paths(value, text):
    assert written(value) == text


# Functions that the records of pruners name.
PARTS = {
    f"{part} of {name}": getattr(record, part)
    for name, record in catalogue.PRUNERS.items()
    for part in ("choose", "moves", "trains")
    if getattr(record, part)
}


@pytest.mark.parametrize("table", [catalogue.DATASETS, catalogue.MODELS, PARTS, catalogue.ENCODINGS, catalogue.REPAIRS])
def test_the_catalogue_keeps_its_word(table):
    for name in table:
        assert callable(catalogue.lookup(table, name, "name"))


@pytest.mark.parametrize("table", [catalogue.DATASETS, catalogue.MODELS, PARTS])
def test_static_options_are_the_real_ones(table):
    import inspect

    for name, reference in table.items():
        parameters = inspect.signature(catalogue.lookup(table, name, "name")).parameters.values()
        options = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
        assert options_of(reference) == tuple(p.name for p in options), name
        assert required_of(reference) == tuple(p.name for p in options if p.default is p.empty), name


def test_image_shapes_are_known_for_every_data_set():
    assert set(catalogue.INPUT_SHAPES) == set(catalogue.DATASETS)
    assert set(catalogue.SMALLEST_INPUT) == set(catalogue.MODELS)


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "studies").glob("*.yaml")))
def test_every_overlay_makes_its_study(name):
    made = [study for each, study in configuration(overlay(name)).studies.items() if each.startswith(name)]
    assert made and all(study.number_of_networks() > 0 or not study.own for study in made)


def test_magnitude_needs_the_dense_network():
    late = {"methods": {"late": {"pruner": "magnitude"}, "whole": {"pruner": "dense"}}}
    with pytest.raises(UserError, match="Method 'late' prunes the trained dense network; add 'dense' to the `methods`"):
        mge(late, methods=["snip", "late"])
    assert mge(late, methods=["whole", "magnitude"]).dense() == "whole"


def test_draws_on_few_networks_need_their_seeds():
    method = {"methods": {"draws": {"pruner": "magnitude", "network_seeds": 3}}}
    with pytest.raises(UserError, match="prunes the network of seed 2, which the `seeds` of the study mge lack"):
        mge(method, methods=["dense", "draws"], seeds=[0, 1, 5])


def test_variants_of_recipes_change_fields_of_a_recipe():
    recipes = {"long": {"recipe": "quick", "epochs": 30, "optimiser": "adam", "precision": "bfloat16"}}
    models = {"mine": {"model": "conv6", "recipe": "long"}, "less": {"model": "conv6", "recipe": "long", "epochs": 3}}
    made = Plan(configuration(recipes=recipes, models=models))
    of = {name: made.recipe_of(made.configuration.variant("models", name)) for name in ("mine", "less", "resnet20")}
    assert of["mine"] == {"name": "long", "base": "quick", "epochs": 30, "optimiser": "adam", "precision": "bfloat16"}
    assert of["less"] == {**of["mine"], "epochs": 3} and of["resnet20"] == {"name": "quick", "base": "quick"}
    found = recipe(dataset="digits", model="conv6", **of["mine"])
    assert (found.epochs, found.optimiser, found.batch_size) == (30, "adam", 64)


@pytest.mark.parametrize(
    ("recipes", "words"),
    [
        ({"long": {"recipe": "quik"}}, "Did you mean 'quick'"),
        ({"quick": {"recipe": "quick", "epochs": 2}}, "Give it another name, such as quick_mine"),
        ({"long": {"recipe": "untrained", "epochs": 2}}, "has nothing to change"),
        (
            {"long": {"recipe": "quick", "optimiser": "adam", "nesterov": True}},
            "'long': In a training recipe, nesterov",
        ),
        ({"long": {"recipe": "quick", "epoch": 2}}, "Did you mean 'epochs'"),
        ({"long": {"recipe": "quick", "momentum": 1}}, "expected a number in [0, 1)"),
        ({"long": {"epochs": 2}}, "'recipe' is a required property"),
    ],
)
def test_wrong_recipes_are_refused(recipes, words):
    with pytest.raises(UserError, match=re.escape(words)):
        configuration(recipes=recipes)


def test_every_field_of_a_recipe_can_be_configured():
    properties = SCHEMA["properties"]["recipes"]["additionalProperties"]["properties"]
    assert set(properties) == {"recipe", "tuned", *(field.name for field in dataclasses.fields(Recipe))}
    assert properties["schedule"]["enum"] == list(SCHEDULES) and properties["optimiser"]["enum"] == list(OPTIMISERS)


def graphs(**facts):
    """One set of relational graphs of a configuration."""
    return configuration(relational_graphs={"small": facts}).graphs("small")


def test_sets_of_relational_graphs():
    found = graphs(kind="regular", nodes=16, degrees=[3, 4], rungs=5)
    assert found == ("small", "regular", 0, {"nodes": 16, "degrees": [3, 4], "rungs": 5})
    assert graphs(kind="file", path="mine.npy", seed=3).seed == 3
    properties = SCHEMA["properties"]["relational_graphs"]["additionalProperties"]["properties"]
    options = {option for reference in catalogue.RELATIONAL.values() for option in options_of(reference)}
    assert set(properties) == {"kind", "seed"} | options
    for wanted in ({}, {"relational_graphs": {"small": {"kind": "circulant", "nodes": 8, "steps": [[1]]}}}):
        with pytest.raises(UserError, match="relational graphs 'smal'"):
            configuration(**wanted).graphs("smal")


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"nodes": 16}, "'kind' is a required property"),
        (
            {"kind": "regulr", "nodes": 16, "degrees": [4]},
            "Unknown kind of relational graphs 'regulr'. Did you mean 'reg",
        ),
        ({"kind": "regular", "nodes": 16, "degree": 4}, "Unknown key 'degree'. Did you mean 'degrees'"),
        ({"kind": "regular", "nodes": 16}, "In the relational graphs small: The kind 'regular' needs `degrees`"),
        ({"kind": "random", "nodes": 16, "degrees": [4], "rungs": 3}, "Unknown option of the kind 'random': 'rungs'"),
        ({"kind": "regular", "nodes": 16, "degrees": [4], "rungs": 0}, "small.rungs: found 0, expected a whole number"),
        ({"kind": "regular", "nodes": 16, "degrees": 4}, "found 4, expected a list of whole numbers, such as [4, 8]"),
        ({"kind": "regular", "nodes": 15, "degrees": [3]}, "no graph of 15 nodes with degree 3"),
        ({"kind": "regular", "nodes": 16, "degrees": [16]}, "has no degree 16"),
        ({"kind": "regular", "nodes": 16, "degrees": [4, 4]}, "`degrees` names 4 twice"),
        ({"kind": "regular", "nodes": 16, "degrees": [8]}, "there is no ladder"),
        ({"kind": "regular", "nodes": 16, "degrees": [4], "tries": 0}, "small.tries: found 0"),
        ({"kind": "regular", "nodes": 16, "degrees": [4], "symmetry": 3}, "no rotational symmetry of order 3"),
        ({"kind": "crossed", "nodes": 16, "degrees": [4], "aspl": [1.5], "clustering": [0]}, "lower bound is 1.733333"),
        ({"kind": "crossed", "nodes": 16, "degrees": [4], "aspl": [2], "clustering": [3]}, "lies in [0, 1], found 3"),
        ({"kind": "circulant", "nodes": 16, "steps": [[2, 4]]}, "is not connected"),
        ({"kind": "authors", "nodes": 16, "degrees": [4], "number": 7}, "a multiple of 6; found 7"),
    ],
)
def test_wrong_sets_of_relational_graphs_are_refused(facts, words):
    with pytest.raises(UserError, match=re.escape(words)) as caught:
        configuration(relational_graphs={"small": facts})
    assert "\n" not in str(caught.value)
