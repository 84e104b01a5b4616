# From data to figures: see README.md for the targets, config.yaml for what is studied.
# Rules and scripts bear the same names; everything that computes is in prunegraph/.

from snakemake.utils import min_version

min_version("9.0")


report: "rules/captions/workflow.rst"


configfile: f"{workflow.basedir}/config.yaml"


include: "rules/common.smk"
include: "rules/jobs.smk"
include: "rules/networks.smk"
include: "rules/graphs.smk"
include: "rules/stability.smk"
include: "rules/tables.smk"
include: "rules/published.smk"
include: "rules/costs.smk"
include: "rules/figures.smk"
include: "rules/claims.smk"
include: "rules/report.smk"
include: "rules/targets.smk"


localrules:
    all,
    download,
    figures,
    tables,


onstart:
    check_sources(workflow)


rule all:
    """Every figure and table, and the report"""
    default_target: True
    input:
        rules.figures.input,
        rules.tables.input,
        rules.report.output,
    message:
        f"The study is complete: {STUDY.results}/report.html holds every figure"


# What `snakemake --list-target-rules` says of each rule that can be named as a target.
for each in workflow.rules:
    if isinstance(each.message, str) and each.docstring is None:
        each.docstring = each.message
