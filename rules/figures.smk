# One rule for each figure of each study. They share a script: `script:` is read when the job runs, after this loop has ended,
# so what differs between the rules stands in their other fields. A study has the figures whose tables, or graphs, it has.

DRAWN = [(study, name, QUESTIONS[study].get(f"figure_{name}")) for study in QUESTIONS for name in FIGURE_RECORDS]

for study, figure, question in filter(all, DRAWN):

    rule:
        name:
            f"{study}_{figure}"
        input:
            **question.reads,
        output:
            answer=question.answer,
            pictures=[
                report(
                    picture,
                    caption="captions/figure.rst",
                    category=study,
                    labels={"figure": figure, "format": picture[-3:].upper()},
                )
                for picture in question.writes["pictures"]
            ],
        log:
            log_of("figure", f"{study}/{figure}"),
        benchmark:
            benchmark_of("figure", f"{study}/{figure}")
        conda:
            "../envs/analysis.yaml"
        threads: 1
        params:
            **question.facts,
        message:
            f"Draw the figure {figure} of {study}"
        script:
            "../workflow_scripts/figure.py"
