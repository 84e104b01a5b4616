"""What the command understands, and how it ends: 0 done, 1 could not be done, 2 not understood."""

import argparse
import shutil
import sys
import textwrap
from collections.abc import Sequence
from importlib import import_module

import prunegraph
from prunegraph.catalogue import ENCODINGS, MODELS, MODES, MOTIFS
from prunegraph.errors import UserError

_NETWORK = (
    "WEIGHTS is a .graph file of `prunegraph graph`, which needs nothing else, or a state dict: a .safetensors file, "
    "or a .pt, .pth, .bin or .ckpt file of torch.save. One that holds more than tensors and plain containers is "
    "refused, so that nothing in it can run. Understood as well: weight_orig and weight_mask of torch.nn.utils.prune, "
    "a state dict under a name such as state_dict or model, module. before every name (DataParallel).",
    f"NAME is {', '.join(MODELS)}, or module:function, such as torchvision.models:resnet18 or my_models:build with "
    "my_models.py in this folder. The function is called, so name one that you trust. Any network will do that "
    "torch.fx can trace; an operation that has no place in a graph is named.",
)

_EXAMPLES = {
    "measure": """\
examples:
  prunegraph measure pruned.pt --model my_models:build --input 1,28,28
  prunegraph measure narrow.pt --model resnet20 --option width=0.25 --input 3,32,32 --output measured.json
  prunegraph measure network.safetensors --mask mask.safetensors --model conv6 --option width=0.1 --input 1,8,8
  prunegraph measure pruned.pt --model my_models:build --input 1,28,28 --encoding rolled --output layers.csv
  prunegraph measure network.graph --normalised --output measured.parquet
""",
    "graph": """\
examples:
  prunegraph graph narrow.pt --model resnet20 --option width=0.25 --input 3,32,32 --output network.graph
  prunegraph graph pruned.pt --model my_models:build --input 1,28,28 --encoding rolled --output layers.npz
  prunegraph graph network.graph --output edges.parquet
""",
    "predict": """\
examples:
  prunegraph predict measured.json
  prunegraph predict narrow.pt --model resnet20 --option width=0.25 --input 3,32,32 --features unrolled
  prunegraph predict network.graph --predictor results/predictors/published.json
""",
    "verify": """\
examples:
  prunegraph verify results
  prunegraph verify results --mend
  prunegraph verify results --configuration config.yaml studies/quick.yaml
""",
    "check": """\
example:
  prunegraph check my_pruners:mine
""",
    "draw": """\
examples:
  prunegraph draw pruned.pt --model my_models:build --input 1,28,28 --output network.png
  prunegraph draw network.graph --most-edges 5000 --title "ResNet-20" --output network.pdf
""",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; `arguments` are those of the shell unless given. Returns the exit code.

    Bad usage ends in argparse's exit code 2; whatever the user can repair is one sentence and 1.
    """
    options = parser().parse_args(arguments)
    try:
        code = import_module(f"prunegraph.cli.{options.command}").run(options)
        sys.stdout.flush()
    except ModuleNotFoundError as problem:
        print(f"Error: {_lacking(problem, options.command)}", file=sys.stderr)
        return 1
    except UserError as problem:
        print(f"Error: {problem}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader, such as head, has seen enough
        sys.stderr.close()
        return 1
    except (MemoryError, OSError) as problem:
        print(f"Error: {problem or 'there is not enough memory for this graph.'}", file=sys.stderr)
        return 1
    return code or 0


def _lacking(problem: ModuleNotFoundError, command: str) -> str:
    """The sentence for a package that is not installed; a missing part of prunegraph itself is a mistake of ours."""
    package = (problem.name or "").partition(".")[0]
    if package in ("", "prunegraph"):
        raise problem
    return f"`prunegraph {command}` needs the Python package {package!r} here, which is not installed; install it."


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="prunegraph",
        description="A neural network from a checkpoint, as a graph: measured, exported, drawn, or judged by it.",
        epilog="Each command has its own --help.",
    )
    top.add_argument("--version", action="version", version=f"prunegraph {prunegraph.__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _measure(_command(commands, "measure", "print the graph's measures, and write them as JSON, CSV or Parquet"))
    _graph(_command(commands, "graph", "write the graph's edges to a file"))
    _draw(_command(commands, "draw", "draw the multipartite graph"))
    _predict(_command(commands, "predict", "predict the accuracy drop of a pruned network from its graph"))
    _verify(commands)
    _check(commands)
    return top


def _check(commands) -> None:
    summary = "try an own pruner: does it keep the promises of the interface?"
    command = commands.add_parser(
        "check",
        help=summary,
        description="Try an own pruner on two small networks: does it keep the number of weights that it is asked for, "
        "choose the same from the same seed, and leave the network alone? Exit status 1 if it does not.",
        epilog=_EXAMPLES["check"],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("pruner", metavar="MODULE:NAME", help="a function of a task, or a catalogue.Pruner record")


def _verify(commands) -> None:
    summary = "say whether every result is what the workflow wrote"
    command = commands.add_parser(
        "verify",
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}: each file is compared with the checksum in its manifest or "
        "receipt. Prints what is missing, empty, half, altered, swapped, unknown or from another configuration. Exit "
        "status 1 if there is any.",
        epilog=_EXAMPLES["verify"],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("results", metavar="RESULTS", help="the folder of results")
    command.add_argument(
        "--configuration",
        nargs="+",
        metavar="FILE",
        help="config.yaml and the overlays that --configfile named: tells, too, what these ask for and is not there",
    )
    command.add_argument(
        "--mend", action="store_true", help="remove the manifests of what is wrong; the next run makes it again"
    )


def _command(commands, name: str, summary: str) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog="\n\n".join([*(textwrap.fill(text, _width()) for text in _NETWORK), _EXAMPLES[name]]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    network = command.add_argument_group("network")
    measured = ", or the .json of `measure`" if name == "predict" else ""
    network.add_argument("weights", metavar="WEIGHTS", help=f"the checkpoint, a .graph file{measured}")
    network.add_argument("--model", metavar="NAME", help="of a checkpoint: a model of prunegraph, or module:function")
    network.add_argument(
        "--input", type=_shape, metavar="C,H,W", help="of a checkpoint: shape of one input, such as 3,32,32"
    )
    network.add_argument(
        "--classes",
        type=_number,
        metavar="N",
        help="outputs of the model (default: those of the last layer in WEIGHTS)",
    )
    network.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="argument for the model, such as width=0.5; VALUE is JSON or text; may be repeated",
    )
    network.add_argument(
        "--mask",
        metavar="FILE",
        help="mask of the workflow (.safetensors): which of WEIGHTS are kept (default: those that are not zero)",
    )
    graph = command.add_argument_group("graph")
    if name in ("measure", "graph"):
        graph.add_argument(
            "--encoding",
            choices=ENCODINGS,
            default="unrolled",
            help="unrolled: one graph of all positions (default); rolled, rolled_channel: a bipartite graph per layer",
        )
    graph.add_argument(
        "--mode",
        choices=MODES,
        default="clean",
        help="clean: what the definitions mean (default); compat: with the quirks of the published tables",
    )
    graph.add_argument(
        "--identity-edges",
        action="store_true",
        help="an edge of weight 1 along identity shortcuts (default: none, as published)",
    )
    return command


def _width() -> int:
    """Characters of a line of help, as argparse has them."""
    return max(20, shutil.get_terminal_size().columns - 2)


def _measure(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("result")
    group.add_argument("--normalised", action="store_true", help="divide by nodes or edges, as in the published tables")
    group.add_argument(
        "--motifs",
        choices=MOTIFS,
        default="exact",
        help="exact (default), or estimate: random with a standard deviation of 17 %%, as in the published tables",
    )
    group.add_argument("--seed", type=int, default=0, metavar="N", help="of the estimate (default: 0)")
    group.add_argument(
        "--output", metavar="FILE", help="write everything measured, too: a name ending in .json, .csv or .parquet"
    )
    group.add_argument("--json", metavar="FILE", help="the same as JSON, whatever the name")
    group.add_argument("--csv", metavar="FILE", help="the same as CSV, whatever the name")


def _graph(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("result")
    group.add_argument(
        "--output",
        required=True,
        metavar="FILE",
        help="edges.parquet, .graphml, .mtx (Matrix Market) or .npz (scipy); .graph is prunegraph's compact file. "
        "Other than .graph, layer graphs go to one file each, with the layer's name before the suffix",
    )


def _draw(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("result")
    group.add_argument("--output", required=True, metavar="FILE", help="picture, .png or .pdf; edges are rasterised")
    group.add_argument(
        "--most-edges",
        type=_number,
        default=20_000,
        metavar="N",
        help="a graph with more edges is drawn by a uniform sample of N; the caption says so (default: 20000)",
    )
    group.add_argument("--seed", type=int, default=0, metavar="N", help="of the sample (default: 0)")
    group.add_argument("--title", metavar="TEXT", help="written above the picture (default: the model's name)")


def _predict(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("result")
    group.add_argument(
        "--predictor",
        default="results/predictors/mge.json",
        metavar="FILE",
        help="what the workflow fitted (default: results/predictors/mge.json)",
    )
    group.add_argument(
        "--features",
        metavar="NAME",
        help="unrolled_mask: what is known without training (default); unrolled: with the trained weights, which "
        "WEIGHTS must then be; log_edges: size alone",
    )
    group.add_argument("--json", metavar="FILE", help="write the prediction as JSON, too")


def _shape(text: str) -> tuple[int, ...]:
    sizes = text.replace("x", ",").split(",")
    if len(sizes) != 3 or not all(size.strip().isdecimal() and int(size) > 0 for size in sizes):
        raise argparse.ArgumentTypeError(f"{text!r} is no shape; expected channels,height,width, such as 3,32,32")
    return tuple(map(int, sizes))


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)
