# Targets that gather files of several rules: one for each study; the target of all stands in the Snakefile.

for study in STUDIES.values():

    rule:
        name:
            study.name
        input:
            QUESTIONS.answers(study),
            QUESTIONS.manifests(study),
            QUESTIONS.files(study),
        message:
            f"Every table and figure of the study {study.name}"


rule figures:
    """Every figure of every study"""
    input:
        [path for study in STUDIES.values() for path in QUESTIONS.files(study) if "/figures/" in path],


rule tables:
    """Every table of every study"""
    input:
        [path for study in STUDIES.values() for path in QUESTIONS.files(study) if "/tables/" in path],
