"""A configuration is checked before any job, and what is wrong is said in a sentence."""

import copy

import pytest
import yaml
from helpers import ROOT

from prunegraph import catalogue
from prunegraph.errors import UserError
from prunegraph.study import Study, input_shape, options_of, published_as, read_schema, required_of, written

SCHEMA = read_schema(ROOT / "rules/config.schema.yaml")
DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text())


DRAWING = {"dataset": "digits", "model": "conv6", "method": "snip", "sparsity": 0.5, "seed": 0}


def folder_of(like=None, **options):
    """An image folder as a variant of the configuration."""
    entry = {"name": "mine", "dataset": "imagefolder", "options": {"path": "data/mine.zip", **options}}
    return entry | ({"like": like} if like else {})


def merged(**changes):
    config = copy.deepcopy(DEFAULT)
    for key, value in changes.items():
        # Snakemake merges mappings and replaces everything else.
        config[key] = {**config[key], **value} if isinstance(config.get(key), dict) else value
    return config


def study(**changes):
    return Study(merged(**changes), SCHEMA)


def paper():
    return study(**yaml.safe_load((ROOT / "studies/paper.yaml").read_text()))


def test_default_study_is_the_one_described():
    default = study()
    assert list(default.methods) == ["dense", "snip", "grasp", "synflow", "prospr", "uniform", "er", "erk"]
    assert len(default.sparsities) >= 3
    assert default.number_of_networks() == len(default.models) * len(default.seeds) * (7 * len(default.sparsities) + 1)


def test_paper_study_is_the_published_grid():
    cells = list(paper().cells())
    pruned = [cell for cell in cells if cell.method != "dense"]
    assert len(pruned) * 3 == 1260
    assert len(cells) - len(pruned) == 12
    assert not any(model.options for model in paper().models.values())


def test_dense_has_one_sparsity_only():
    assert {cell.sparsity for cell in study().cells() if cell.method == "dense"} == {"0"}


def test_variants_and_their_own_sparsities():
    variant = {"name": "snip_twice", "pruner": "snip", "options": {"batch_size": 256}, "sparsities": [0.5]}
    made = study(methods=["dense", variant])
    assert made.methods["snip_twice"].base == "snip"
    assert {cell.sparsity for cell in made.cells() if cell.method == "snip_twice"} == {"0.5"}
    assert made.drawing()["sparsity"] == "0.5"


def test_variants_of_data_sets_have_their_own_shape_and_recipe():
    made = study(datasets=["digits", "cifar10", folder_of(size=48, channels=1)])
    assert list(made.datasets) == ["digits", "cifar10", "mine"]
    assert {cell.dataset for cell in made.cells()} == {"digits", "cifar10", "mine"}
    shapes = {name: input_shape(variant) for name, variant in made.datasets.items()}
    assert shapes == {"digits": (1, 8, 8), "cifar10": (3, 32, 32), "mine": (1, 48, 48)}
    assert [published_as(variant) for variant in made.datasets.values()] == ["digits", "cifar10", ""]
    like = study(datasets=[folder_of(like="cifar10")], training={"recipe": "published"})
    assert published_as(like.datasets["mine"]) == "cifar10"


def test_numbers_from_the_command_line_are_numbers():
    made = study(seeds=["0", "3"], sparsities=["0.5"], training={"epochs": "null"})
    assert (made.seeds, made.sparsities, made.config["training"]["epochs"]) == ((0, 3), (0.5,), None)


def test_the_network_to_draw():
    assert study().drawing() == DRAWING | {"model": "resnet20", "sparsity": "0.98", "seed": "0"}
    chosen = study(drawing=DRAWING | {"method": "er", "sparsity": 0.9}).drawing()
    assert chosen == DRAWING | {"method": "er", "sparsity": "0.9", "seed": "0"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"methods": ["snipp"]}, ["Unknown pruner 'snipp'", "Did you mean 'snip'", "grasp"]),
        ({"models": ["resnet21"]}, ["Unknown model 'resnet21'", "resnet20"]),
        ({"datasets": ["digit"]}, ["Unknown data set 'digit'", "Did you mean 'digits'", "cifar10"]),
        ({"encodings": ["rolld"]}, ["Unknown encoding 'rolld'", "rolled_channel"]),
        ({"mode": "strict"}, ["Unknown mode 'strict'", "clean", "compat"]),
        ({"training": {"recipe": "fast"}}, ["Unknown recipe 'fast'", "quick"]),
        ({"sparsitys": [0.5]}, ["Unknown key 'sparsitys'", "Did you mean 'sparsities'"]),
        ({"training": {"epoch": 3}}, ["at training", "Unknown key 'epoch'", "epochs"]),
        ({"sparsities": [0.5, 1.0]}, ["Sparsity 1.0 is outside [0, 1)"]),
        ({"sparsities": [-0.1]}, ["Sparsity -0.1 is outside [0, 1)"]),
        ({"sparsities": ["high"]}, ["at sparsities.0", "'high'"]),
        ({"seeds": [0, 0]}, ["`seeds` names 0 twice"]),
        ({"seeds": [-1]}, ["at seeds.0", "-1", "whole number"]),
        ({"seeds": 3}, ["at seeds", "found 3", "a list of whole numbers"]),
        ({"training": {"epochs": 0}}, ["at training.epochs", "found 0", "from 1 up"]),
        ({"training": {"recipe": "published"}}, ["'published' is not published for 'digits'", "quick"]),
        ({"methods": [{"name": "d", "pruner": "dense", "sparsities": [0.5]}]}, ["only sparsity is 0"]),
        ({"methods": ["snip", {"name": "snip"}]}, ["'snip' is named twice"]),
        (
            {"methods": [{"name": "s", "pruner": "snip", "options": {"size": 1}}]},
            ["Unknown option 'size'", "batch_size"],
        ),
        ({"methods": [{"name": "s", "pruners": "snip"}]}, ["Unknown key 'pruners'", "pruner"]),
        ({"datasets": ["digits", "digits"]}, ["data set 'digits' is named twice"]),
        ({"datasets": [{"name": "d", "dataset": "digit"}]}, ["Unknown data set 'digit'", "imagefolder"]),
        ({"datasets": [{"name": "d", "dataset": "digits", "options": {"size": 9}}]}, ["Unknown option 'size'", "none"]),
        ({"datasets": [{"name": "cifar10", "dataset": "digits"}]}, ["'digits' is named 'cifar10'", "another name"]),
        ({"datasets": ["imagefolder"]}, ["'imagefolder' needs the option 'path'", "name a variant"]),
        ({"datasets": [folder_of(like="mnist")]}, ["Unknown published data set 'mnist'", "cifar10"]),
        ({"datasets": [folder_of(like="cifar10", size=64)]}, ["images are 3x32x32, but has images of 3x64x64"]),
        ({"datasets": [folder_of(channels=2)]}, ["at datasets.0.options.channels", "found 2", "1 (grey) or 3"]),
        ({"datasets": [folder_of(size=4)]}, ["conv6", "at least 8x8", "'mine' have 4x4"]),
        ({"datasets": [folder_of()], "training": {"recipe": "published"}}, ["not published for 'mine'", "quick"]),
        (
            {
                "datasets": [{"name": "t", "dataset": "tiny_imagenet", "options": {"size": 64}}],
                "training": {"recipe": "published"},
            },
            ["not published for 't'"],
        ),
        (
            {"drawing": DRAWING | {"method": "er"}},
            ["er/0.5", "not in the study", "for example digits/resnet20/snip/0.98"],
        ),
        ({"device": "gpu"}, ["at device", "'gpu'", "cuda"]),
    ],
)
def test_mistakes_are_said_in_a_sentence(changes, words):
    with pytest.raises(UserError) as caught:
        study(**changes).drawing()
    missing = [word for word in words if word not in str(caught.value)]
    assert not missing, f"{missing} not in: {caught.value}"
    assert "\n" not in str(caught.value)


def test_too_small_images_are_an_impossible_pair(monkeypatch):
    monkeypatch.setitem(catalogue.INPUT_SHAPES, "digits", (1, 6, 6))
    with pytest.raises(UserError, match=r"conv6.*at least 8x8.*6x6"):
        study()


def test_a_missing_key_is_named():
    config = merged()
    del config["seeds"]
    with pytest.raises(UserError, match="'seeds' is a required property"):
        Study(config, SCHEMA)


@pytest.mark.parametrize(("value", "text"), [(0.98, "0.98"), (0.0, "0"), (0.6, "0.6"), (0.1 + 0.2, "0.3")])
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


@pytest.mark.parametrize("path", sorted((ROOT / "studies").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_study_file_is_a_study(path):
    assert study(**yaml.safe_load(path.read_text())).number_of_networks() > 0


def test_magnitude_needs_the_dense_network():
    with pytest.raises(UserError, match="Method 'late' prunes the trained dense network; add 'dense' to `methods`"):
        study(methods=["snip", {"name": "late", "pruner": "magnitude"}])
    assert study(methods=[{"name": "whole", "pruner": "dense"}, "magnitude"]).dense() == "whole"
