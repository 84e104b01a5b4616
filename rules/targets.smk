# What `snakemake --list-target-rules` says of each rule that can be named as a target.
for each in workflow.rules:
    if isinstance(each.message, str) and each.docstring is None:
        each.docstring = each.message
