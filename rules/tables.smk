# From the measurements of all networks to tables, and from tables to the analyses (MGE, sections 4.1 to 4.2.3). What a rule
# reads, writes and depends on: prunegraph/workflow/questions.py. The columns of tables: prunegraph/tables/columns.py and schemas.py.
# A rule of each study has a name of its own, so that it can be asked for.


for study in asked("collect"):

    rule:
        name:
            f"{study}_tables_networks"
        input:
            **QUESTIONS[study]["collect"].reads,
        output:
            **QUESTIONS[study]["collect"].writes,
        log:
            log_of("collect", study),
        benchmark:
            benchmark_of("collect", study)
        conda:
            "../envs/analysis.yaml"
        threads: 1
        params:
            **QUESTIONS[study]["collect"].facts,
        message:
            f"Collect the tables of {STUDIES[study].number_of_networks():,} networks for {study}"
        script:
            "../workflow_scripts/collect.py"


for study in asked("read_published"):

    rule:
        name:
            f"{study}_tables_authors"
        input:
            **QUESTIONS[study]["read_published"].reads,
        output:
            **QUESTIONS[study]["read_published"].writes,
        log:
            log_of("read_published", study),
        benchmark:
            benchmark_of("read_published", study)
        conda:
            "../envs/analysis.yaml"
        threads: 1
        params:
            **QUESTIONS[study]["read_published"].facts,
        message:
            f"Read the authors' tables for {study}"
        script:
            "../workflow_scripts/read_published.py"


for study in asked("join"):

    rule:
        name:
            f"{study}_tables_joined"
        input:
            **QUESTIONS[study]["join"].reads,
        output:
            **QUESTIONS[study]["join"].writes,
        log:
            log_of("join", study),
        benchmark:
            benchmark_of("join", study)
        conda:
            "../envs/analysis.yaml"
        threads: 1
        params:
            **QUESTIONS[study]["join"].facts,
        message:
            f"Join the tables of own and published networks for {study}"
        script:
            "../workflow_scripts/join.py"


for study in asked("correlation"):

    rule:
        name:
            f"{study}_tables_correlation"
        input:
            **QUESTIONS[study]["correlation"].reads,
        output:
            **QUESTIONS[study]["correlation"].writes,
        log:
            log_of("correlation", study),
        benchmark:
            benchmark_of("correlation", study)
        conda:
            "../envs/analysis.yaml"
        threads: 1
        params:
            **QUESTIONS[study]["correlation"].facts,
        message:
            f"Correlate Ramanujan properties and layer density with the accuracy drop, for {study}"
        script:
            "../workflow_scripts/correlation.py"


for study in asked("regression"):

    rule:
        name:
            f"{study}_tables_regression"
        input:
            **QUESTIONS[study]["regression"].reads,
        output:
            **QUESTIONS[study]["regression"].writes,
        log:
            log_of("regression", study),
        benchmark:
            benchmark_of("regression", study)
        conda:
            "../envs/analysis.yaml"
        threads: 1
        params:
            **QUESTIONS[study]["regression"].facts,
        message:
            f"Regress the accuracy drop on each set of features, for {study}"
        script:
            "../workflow_scripts/regression.py"


for study in asked("importance"):

    rule:
        name:
            f"{study}_tables_importance"
        input:
            **QUESTIONS[study]["importance"].reads,
        output:
            **QUESTIONS[study]["importance"].writes,
        log:
            log_of("importance", study),
        benchmark:
            benchmark_of("importance", study)
        conda:
            "../envs/analysis.yaml"
        threads: 1
        params:
            **QUESTIONS[study]["importance"].facts,
        message:
            f"Share the explained variance of the accuracy drop among the topometrics, for {study}"
        script:
            "../workflow_scripts/importance.py"


for study in asked("ranking"):

    rule:
        name:
            f"{study}_tables_ranking"
        input:
            **QUESTIONS[study]["ranking"].reads,
        output:
            **QUESTIONS[study]["ranking"].writes,
        log:
            log_of("ranking", study),
        benchmark:
            benchmark_of("ranking", study)
        conda:
            "../envs/analysis.yaml"
        threads: 1
        params:
            **QUESTIONS[study]["ranking"].facts,
        message:
            f"Rank the pruners by predicted and by measured accuracy drop, for {study}"
        script:
            "../workflow_scripts/ranking.py"


for study in asked("transfer"):

    rule:
        name:
            f"{study}_tables_transfer"
        input:
            **QUESTIONS[study]["transfer"].reads,
        output:
            **QUESTIONS[study]["transfer"].writes,
        log:
            log_of("transfer", study),
        benchmark:
            benchmark_of("transfer", study)
        conda:
            "../envs/analysis.yaml"
        threads: 1
        params:
            **QUESTIONS[study]["transfer"].facts,
        message:
            f"Fit a predictor of the accuracy drop and test it on other networks, for {study}"
        script:
            "../workflow_scripts/transfer.py"


for study in asked("published_accuracy"):

    rule:
        name:
            f"{study}_tables_accuracy"
        input:
            **QUESTIONS[study]["published_accuracy"].reads,
        output:
            **QUESTIONS[study]["published_accuracy"].writes,
        log:
            log_of("published_accuracy", study),
        benchmark:
            benchmark_of("published_accuracy", study)
        conda:
            "../envs/analysis.yaml"
        threads: 1
        params:
            **QUESTIONS[study]["published_accuracy"].facts,
        message:
            f"Write the accuracies of {study} beside the published ones"
        script:
            "../workflow_scripts/published_accuracy.py"


for study in asked("published_layers"):

    rule:
        name:
            f"{study}_tables_layers"
        input:
            **QUESTIONS[study]["published_layers"].reads,
        output:
            **QUESTIONS[study]["published_layers"].writes,
        log:
            log_of("published_layers", study),
        benchmark:
            benchmark_of("published_layers", study)
        conda:
            "../envs/analysis.yaml"
        threads: 1
        params:
            **QUESTIONS[study]["published_layers"].facts,
        message:
            f"Write where the methods of {study} keep their weights beside the published networks"
        script:
            "../workflow_scripts/published_layers.py"


for study in asked("hyperparameters"):

    rule:
        name:
            f"{study}_tables_training"
        input:
            **QUESTIONS[study]["hyperparameters"].reads,
        output:
            **QUESTIONS[study]["hyperparameters"].writes,
        log:
            log_of("hyperparameters", study),
        benchmark:
            benchmark_of("hyperparameters", study)
        conda:
            "../envs/analysis.yaml"
        threads: 1
        params:
            **QUESTIONS[study]["hyperparameters"].facts,
        message:
            f"Write down how the networks of {study} are trained"
        script:
            "../workflow_scripts/hyperparameters.py"


for study in asked("mask_stability"):

    rule:
        name:
            f"{study}_tables_stability"
        input:
            **QUESTIONS[study]["mask_stability"].reads,
        output:
            **QUESTIONS[study]["mask_stability"].writes,
        log:
            log_of("mask_stability", study),
        benchmark:
            benchmark_of("mask_stability", study)
        conda:
            "../envs/torch.yaml"
        threads: config["threads"]
        resources:
            gpu=int(CONFIGURATION.wants_gpu()),
        params:
            **QUESTIONS[study]["mask_stability"].facts,
        message:
            f"Prune the networks of {study} again with other images, precision, device, and count the weights that stay"
        script:
            "../workflow_scripts/mask_stability.py"


for study in asked("costs"):

    rule:
        name:
            f"{study}_tables_costs"
        input:
            **QUESTIONS[study]["costs"].reads,
        output:
            **QUESTIONS[study]["costs"].writes,
        log:
            log_of("costs", study),
        benchmark:
            benchmark_of("costs", study)
        conda:
            "../envs/analysis.yaml"
        threads: 1
        params:
            **QUESTIONS[study]["costs"].facts,
        message:
            f"Collect time and memory of every job behind {study}"
        script:
            "../workflow_scripts/costs.py"


for study in asked("latency"):

    rule:
        name:
            f"{study}_tables_latency"
        input:
            **QUESTIONS[study]["latency"].reads,
        output:
            **QUESTIONS[study]["latency"].writes,
        log:
            log_of("latency", study),
        benchmark:
            benchmark_of("latency", study)
        conda:
            "../envs/torch.yaml"
        threads: config["threads"]
        resources:
            gpu=int(CONFIGURATION.wants_gpu()),
        params:
            **QUESTIONS[study]["latency"].facts,
        message:
            f"Shrink the pruned networks of {study} and measure how long they take"
        script:
            "../workflow_scripts/latency.py"


for study in asked("teacher_student"):

    rule:
        name:
            f"{study}_tables_students"
        input:
            **QUESTIONS[study]["teacher_student"].reads,
        output:
            **QUESTIONS[study]["teacher_student"].writes,
        log:
            log_of("teacher_student", study),
        benchmark:
            benchmark_of("teacher_student", study)
        conda:
            "../envs/torch.yaml"
        threads: 1
        params:
            **QUESTIONS[study]["teacher_student"].facts,
        message:
            f"Teach students of {study} by teachers, prune them, and measure their errors"
        script:
            "../workflow_scripts/teacher_student.py"


for study in asked("search"):

    rule:
        name:
            f"{study}_tables_search"
        input:
            **QUESTIONS[study]["search"].reads,
        output:
            **QUESTIONS[study]["search"].writes,
        log:
            log_of("search", study),
        benchmark:
            benchmark_of("search", study)
        conda:
            "../envs/torch.yaml"
        # One process a core; what they find does not depend on their number.
        threads: 16
        resources:
            processes=lambda wildcards, threads: threads,
        params:
            **QUESTIONS[study]["search"].facts,
        message:
            f"Search for graphs that make good masks, by Bayesian optimisation and by chance, for {study}"
        script:
            "../workflow_scripts/search.py"


for study in asked("graph_properties"):

    rule:
        name:
            f"{study}_tables_graphs"
        input:
            **QUESTIONS[study]["graph_properties"].reads,
        output:
            **QUESTIONS[study]["graph_properties"].writes,
        log:
            log_of("graph_properties", study),
        benchmark:
            benchmark_of("graph_properties", study)
        conda:
            "../envs/analysis.yaml"
        threads: 1
        params:
            **QUESTIONS[study]["graph_properties"].facts,
        message:
            f"Ask of {study} whether the shape of its relational graphs matters"
        script:
            "../workflow_scripts/graph_properties.py"
