"""Teach students, prune them by every rule, and measure what is left, by prunegraph/teacher_student."""

from itertools import product
from pathlib import Path

import pandas as pd
from threadpoolctl import threadpool_limits

from prunegraph.job import launch, logger
from prunegraph.tables.frames import shaped, write
from prunegraph.teacher_student.rows import of_pair
from prunegraph.teacher_student.training import Setting


def main(teacher_student: list[Path], order_parameters: list[Path], settings: dict):
    errors, orders = [], []
    facts = {"inputs": settings["inputs"], "samples": settings["samples"]}
    pairs = product(settings["pairs"], settings["noise"], range(settings["networks"]))
    with threadpool_limits(1):  # the same sums whatever the machine's number of cores
        for (teachers, students), noise, seed in pairs:
            setting = Setting(teachers=teachers, students=students, noise=noise, **facts)
            found = of_pair(setting, seed, settings["nodes"], settings["draws"])
            errors += found[0]
            orders += found[1]
            logger.info("%d teachers, %d students, noise %g, seed %d: done", teachers, students, noise, seed)
    write(shaped(pd.DataFrame(errors), "teacher_student"), *teacher_student)
    write(shaped(pd.DataFrame(orders), "order_parameters"), *order_parameters)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
