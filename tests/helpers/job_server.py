"""Runs jobs of the workflow's scripts, each in a fork of a process that has imported what they need, and kills some.

Reads one JSON line for each job from the standard input and answers with one. A fork costs milliseconds where a new
process would import torch for seconds, and it dies as a process does: nothing is tidied up.
"""

import json
import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from helpers import ROOT
from helpers.scripts import main_of

#: What the kills count: every moment at which something becomes lasting.
MOMENTS = ("replace", "fsync", "unlink")


def watch(kill, report):
    """Count the moments, and die at the one that `kill` names: {"call": n, "after": bool} or {"seconds": s}."""
    calls = []
    if "seconds" in kill:
        signal.setitimer(signal.ITIMER_REAL, kill["seconds"])  # its signal ends the process on the spot

    def watched(original):
        def moment(*arguments, **options):
            if not isinstance(arguments[0], int) and "results" not in Path(arguments[0]).parts:
                return original(*arguments, **options)  # a cache, of compiled code for instance
            calls.append(1)
            here = len(calls) == kill.get("call")
            if here and not kill["after"]:
                os.kill(os.getpid(), signal.SIGKILL)
            try:
                return original(*arguments, **options)
            finally:  # to remove what is not there raises
                if here:
                    os.kill(os.getpid(), signal.SIGKILL)

        return moment

    for name in MOMENTS:
        setattr(os, name, watched(getattr(os, name)))
    report.append(calls)


def convert(function, given):
    from prunegraph import job

    return {name: job._converted(value, job._annotation(function, name)) for name, value in given.items()}


def perform(order):
    """The answer of a job that is not killed."""
    from prunegraph import pool
    from prunegraph.errors import UserError

    report = []
    os.chdir(order["folder"])
    function = main_of(ROOT / f"workflow_scripts/{order['script']}.py")
    watch(order["kill"], report)
    try:
        given = convert(function, order["arguments"])
        if order["answer"]:
            answer, answers, reads, files = (order["answer"][name] for name in ("answer", "answers", "reads", "files"))
            pool.check(answers, reads)
            with pool.answering(answer, files):
                function(**given)
        else:
            function(**given)
    except UserError as problem:
        return {"code": 1, "said": str(problem), "moments": len(report[0])}
    return {"code": 0, "said": "", "moments": len(report[0])}


def warm():
    """Measure a graph, so that compiled functions are there in every fork."""
    from prunegraph import models
    from prunegraph.encoding import encode_weights
    from prunegraph.graphs import LayerGraphs
    from prunegraph.metrics import ramanujan, topometrics
    from prunegraph.wiring.tracing import trace

    network = models.create("mlp", 4, (1, 3, 3), 0, hidden=[4])
    weights = {name: value.detach().numpy() for name, value in network.state_dict().items()}
    for encoding in ("unrolled", "rolled", "rolled_channel"):
        graphs = encode_weights(trace(network, (1, 3, 3)), weights, encoding, "clean")
        for graph in graphs.values() if isinstance(graphs, LayerGraphs) else [graphs]:
            for motifs in ("exact", "estimate"):
                topometrics(graph, motifs=motifs)
            if isinstance(graphs, LayerGraphs):
                ramanujan(graph)


def main():
    for line in sys.stdin:
        order = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.close(reading)
            answer = b""
            try:
                answer = json.dumps(perform(order)).encode()
            except BaseException:
                import traceback

                answer = json.dumps({"code": 2, "said": traceback.format_exc(), "moments": 0}).encode()
            os.write(writing, answer)
            os._exit(0)
        os.close(writing)
        with open(reading, "rb") as pipe:
            found = pipe.read()
        _, status = os.waitpid(child, 0)
        print(found.decode() or json.dumps({"code": -os.WTERMSIG(status), "said": "", "moments": 0}), flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(ROOT)))
    import torch

    for package in ("datasets", "encoding", "metrics", "models", "pruning", "training", "analysis", "tables"):
        folder = import_module(f"prunegraph.{package}")
        for module in walk_packages(folder.__path__, f"prunegraph.{package}."):
            import_module(module.name)
    for name in ("sklearn.datasets", "sklearn.linear_model", "scipy.stats", "scipy.sparse.linalg", "pyarrow.parquet"):
        import_module(name)
    torch.set_num_threads(1)
    warm()
    main()
