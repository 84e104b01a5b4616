"""The report: one valid page that needs nothing else, and says what the tables say."""

import re
import subprocess
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import yaml
from helpers import ROOT
from helpers.small_study import small_study

from prunegraph.analysis import claim_files, claims
from prunegraph.catalogue import SYSTEMS
from prunegraph.figures import notice, style
from prunegraph.figures.records import FIGURES
from prunegraph.report import content, facts, page
from prunegraph.tables import frames

VOID = {"meta", "link", "img", "br", "input", "hr"}
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())


class Outline(HTMLParser):
    """Every element with its attributes; refuses what is not properly nested."""

    def __init__(self, text):
        super().__init__()
        self.open, self.found, self.text = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    study = small_study()
    pictures = {name: folder / f"figures/mge/{name}.png" for name in ("accuracy", "ranking")}
    for name, path in pictures.items():
        style.save(notice.draw(f"The figure {name} of <b>this</b> test."), path)
    costs = folder / "benchmarks/collect/mge.tsv"
    costs.parent.mkdir(parents=True)
    costs.write_text("s\tmax_rss\tcpu_time\n75.0\t120.4\t70\n")
    recipe = pd.DataFrame({"dataset": ["digits"] * 2, "model": ["conv6", "resnet20"], "epochs": 8, "gamma": [0.1, 0.2]})
    recipe["stop_at"] = None  # of no recipe
    tables = {"networks": study.networks, "features": study.features, "hyperparameters": recipe}
    for name, table in tables.items():
        frames.write(table, folder / f"tables/mge/{name}.csv", folder / f"tables/mge/{name}.parquet")
    contents = [claim_files.read(ROOT / f"claims/{system}.yaml") for system in SYSTEMS]
    ledger = claims.ledger(contents, {}, {"mge": {"mge": tables.get}})
    given = {
        "sources": ["own"],
        "system": "mge",
        "expected": len(study.networks) + 3,
        "tables": {name: str(folder / f"tables/mge/{name}.parquet") for name in tables},
        "pictures": {name: str(path) for name, path in pictures.items()},
    }
    shown = [content.study("mge", given, {"accuracy": "A <caption>."}, CONFIG, folder)]
    shown.append(content.study("unmeasured", unmeasured(given), {}, CONFIG, folder))
    found = {"studies": shown, **content.title(shown)}
    found |= content.verdicts(ledger, content.networks_by_system(shown[:1])) | content.costs(
        [None], folder / "benchmarks"
    )
    found |= {"configuration": yaml.safe_dump(CONFIG), "versions": {"python": "3"}, "hardware": {"cores": "2"}}
    return found | {"commit": ""}


def unmeasured(given):
    """A study without graphs: networks and nothing else."""
    return {**given, "system": "", "pictures": {}, "tables": {"networks": given["tables"]["networks"]}}


@pytest.fixture(scope="module")
def outline(context):
    return Outline(page.render(context))


def test_the_page_is_whole_and_asks_for_nothing_from_outside(context, outline):
    assert page.render(context) == page.render(context)
    assert page.render(context).startswith("<!DOCTYPE html>")
    for tag, attributes in outline.found:
        for name in ("src", "href"):
            address = attributes.get(name, "")
            assert not re.match(r"(https?:)?//", address), (tag, address)
    assert not outline.all("iframe")
    assert all("src" not in attributes for attributes in outline.all("script"))
    assert "@import" not in page.render(context)


def test_links_inside_the_page_lead_somewhere(outline):
    names = [attributes["id"] for _, attributes in outline.found if "id" in attributes]
    assert len(names) == len(set(names))
    inside = {attributes["href"][1:] for attributes in outline.all("a") if attributes["href"].startswith("#")}
    assert inside <= set(names)
    assert {f"claims-{system}" for system in SYSTEMS} <= inside
    assert {"study-mge", "study-unmeasured"} <= inside


def test_a_reader_without_eyes_and_a_narrow_screen_are_thought_of(outline):
    pictures = [attributes for attributes in outline.all("img") if attributes["src"] != "data:,"]
    assert len(pictures) == 2
    assert pictures[0]["alt"] == "A <caption>."
    assert pictures[0]["src"].startswith("data:image/png;base64,")
    assert (int(pictures[0]["width"]), int(pictures[0]["height"])) == (2100, 480)
    assert any("width=device-width" in attributes.get("content", "") for attributes in outline.all("meta"))
    assert outline.all("html")[0]["lang"] == "en"
    headings = [int(tag[1]) for tag, _ in outline.found if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1 and max(np.diff(headings)) <= 1


def test_every_claim_stands_with_its_verdict(context, outline):
    text = " ".join(" ".join(outline.text).split())
    for system in context["systems"]:
        for claim in system["claims"]:
            assert claim["claim"] in text
            assert claim["published_reason"] in text
    verdicts = [attributes["class"] for attributes in outline.all("span") if "verdict" in attributes.get("class", "")]
    assert len(verdicts) == sum(len(system["claims"]) for system in context["systems"])
    assert text.count("No networks of this system yet") == len(SYSTEMS) - 1


def test_what_was_studied(context):
    study, shown = small_study(), context["studies"][0]
    assert context["title"] == "Studies: MGE, Unmeasured"
    assert shown["tiles"][0] == (len(study.networks), "networks")
    assert dict(shown["studied"])["Sparsities"] == ["0.6", "0.9", "0.98"]
    assert "Encodings" not in dict(context["studies"][1]["studied"])
    row = shown["grid"][0]
    cell = study.networks.query("dataset == @row['dataset'] and model == @row['model']")
    assert row["dense"] == pytest.approx(cell.query("pruner == 'dense'").accuracy.mean())
    means = cell.query("sparsity == 0.9").groupby("method").accuracy.mean()
    assert row["sparsities"][0.9] == pytest.approx([100 * means.min(), 100 * means.mean(), 100 * means.max()])


def test_training_says_once_what_is_common(context):
    assert context["studies"][0]["training"]["common"] == [("epochs", 8)]
    assert context["studies"][0]["training"]["columns"] == ["dataset", "model", "gamma"]


def test_quality_counts(context):
    study = small_study()
    counts = {row["what"]: row["count"] for row in context["studies"][0]["quality"]}
    assert counts["networks missing from the tables"] == 3
    collapsed = study.networks.query("pruner != 'dense'").collapsed_layers.gt(0).sum()
    assert counts["pruned networks with a layer that lost all weights"] == collapsed > 0
    assert counts["networks without an accuracy"] == 0


def test_costs_by_rule(context):
    (row,) = context["rules"]
    assert (row["rule"], row["jobs"], row["seconds"], row["memory_mb"]) == ("collect", 1, 75.0, 120.4)
    assert context["total"] == 75.0


def test_numbers_and_times_as_people_write_them():
    assert [page.number(value) for value in (None, 1260, 0.03162, 12345.6, "word", True)] == [
        "\u2013", "1,260", "0.0316", "12,346", "word", "yes"
    ]  # fmt: skip
    assert [page.duration(value) for value in (4.24, 75, 3600 * 2.5, None)] == [
        "4.2 s",
        "1 min 15 s",
        "2 h 30 min",
        "\u2013",
    ]


def test_every_figure_has_a_caption_that_is_a_sentence():
    for name, record in FIGURES.items():
        assert record.caption.endswith(".") and len(record.caption) > 80, name


def test_a_commit_is_named_where_there_is_one(tmp_path):
    assert facts.commit(tmp_path) == ""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    (tmp_path / "file").write_text("1")
    subprocess.run([*git, "add", "file"], check=True)
    subprocess.run([*git, "commit", "-qm", "One"], check=True)
    assert re.fullmatch("[0-9a-f]{40}", facts.commit(tmp_path))
    (tmp_path / "file").write_text("2")
    assert facts.commit(tmp_path).endswith(" and uncommitted changes")


def test_gpus_are_read_from_the_driver(tmp_path):
    assert facts._gpus(tmp_path) == []
    (tmp_path / "0000:01:00.0").mkdir()
    (tmp_path / "0000:01:00.0/information").write_text("Model: \t\t NVIDIA T4\nIRQ: 5\n")
    assert facts._gpus(tmp_path) == ["NVIDIA T4"]
    assert {"system", "cores", "GPU"} <= set(facts.hardware())
    assert {"python", "numpy", "torch"} <= set(facts.versions())


def test_conditions_of_trainings_are_told_by_how_many_share_them():
    rows = (
        [("cpu", 1, "float32", "2.13.0")] * 2 + [("NVIDIA H100", 2, "tf32", "2.11.0")] * 3 + [(None, None, None, None)]
    )
    networks = pd.DataFrame(rows, columns=["device", "threads", "precision", "torch"]).astype({"threads": "Int64"})
    assert content.conditions(networks) == [
        "3 networks on NVIDIA H100 with 2 threads, in tf32, torch 2.11.0",
        "2 networks on the CPU with 1 thread, in float32, torch 2.13.0",
    ]
