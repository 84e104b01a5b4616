# From data to figures: see README.md for the targets, config.yaml for what is studied.
# Rules and scripts bear the same names; everything that computes is in prunegraph/.

from snakemake.utils import min_version

min_version("9.0")


report: "rules/captions/workflow.rst"


configfile: f"{workflow.basedir}/config.yaml"


include: "rules/common.smk"
include: "rules/networks.smk"
include: "rules/relational.smk"
include: "rules/graphs.smk"
include: "rules/files.smk"
include: "rules/tables.smk"
include: "rules/figures.smk"
include: "rules/claims.smk"
include: "rules/report.smk"
include: "rules/targets.smk"


localrules:
    all,
    download,
    figures,
    files,
    files_of_data_set,
    files_of_relational_graphs,
    relational,
    tables,


onstart:
    check_sources(workflow)


rule all:
    """Every figure and table of every study, and the report"""
    default_target: True
    input:
        [path for study in STUDIES.values() for path in QUESTIONS.files(study)],
        QUESTIONS.answers(*STUDIES.values()),
        [path for study in STUDIES.values() for path in QUESTIONS.manifests(study)],
        rules.claims.output,
        rules.report.output,
    message:
        f"The run is complete: {RESULTS}/report.html holds every figure"


# What `snakemake --list-target-rules` says of each rule that can be named as a target.
for each in workflow.rules:
    if isinstance(each.message, str) and each.docstring is None:
        each.docstring = each.message
