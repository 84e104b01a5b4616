# Targets that gather files of several rules; the target of all stands in the Snakefile.


rule figures:
    """Every figure"""
    input:
        FIGURES,


rule tables:
    """Every table"""
    input:
        TABLES,
