"""Columns of every table of the studies: name -> (type, meaning). Tables are written with exactly these columns.

The tables of networks and graphs (networks, topometrics, topometrics_normalised, ramanujan) are described in
:mod:`prunegraph.tables.columns`, the features in :mod:`prunegraph.tables.features`. Shares are fractions, never
percentages. A missing number means that it could not be computed; its row stays, with the number of networks.

Words that several tables share:

level, group
    "all" with the one group "all", or the values of sparsity, model, dataset, model_dataset ("conv6/cifar10").
features
    The name of a feature set (:data:`prunegraph.tables.features.FEATURE_SETS`).
estimator
    "ols", "ridge" or "lasso".
folds
    "random": 5 folds of single networks; "grouped": 5 folds that keep the seeds of a configuration together;
    "leave_one_out": one network; "leave_<column>_out": all networks with one value of that column.
"""

_LEVEL = {
    "level": ("str", "how the networks are grouped"),
    "group": ("str", "which group"),
}
_FEATURES = {"features": ("str", "feature set")}
_SIZE = {
    "n": ("Int64", "networks"),
    "p": ("Int64", "features"),
}
_WEIGHTED = {"trained_weights": ("boolean", "whether any feature needs trained weights")}
_SCENARIO = {
    "source": ("str", "own or published"),
    "dataset": ("str", "data set"),
    "model": ("str", "model"),
    "sparsity": ("float64", "fraction of weights removed"),
}
_PREDICTOR = {
    "predictor": ("str", "column of a single property (larger = smaller drop), or feature set of a mixture"),
    "kind": ("str", "single or mixture"),
    "protocol": ("str", "in_sample, or leave_<what>_out: kept out of the fit; empty for a single property"),
    "level": ("str", "the groups in which the mixture is fitted; empty for a single property"),
}

_PAIR = {
    "teachers": ("int64", "units of the teacher"),
    "students": ("int64", "units of the student"),
    "inputs": ("int64", "inputs of both"),
    "noise": ("float64", "standard deviation of the noise on the teacher's outputs"),
}

SCHEMAS: dict[str, dict[str, tuple[str, str]]] = {
    "mask_stability": {
        "dataset": ("str", "data set"),
        "model": ("str", "model"),
        "method": ("str", "method"),
        "pruner": ("str", "its pruner"),
        "sparsity": ("float64", "fraction of weights removed"),
        "seed": ("int64", "seed of the network and of the draws"),
        "change": ("str", "draw: other training images; precision: float32 scores; device: GPU instead of CPU"),
        "kept": ("Int64", "weights that the mask keeps"),
        "stay": ("float64", "share of them that the mask made with the change keeps, too"),
        "chance": ("float64", "share that a random mask with the other's layer densities would keep"),
    },
    "teacher_student": {
        **_PAIR,
        "seed": ("int64", "seed of teacher, student and samples"),
        "method": ("str", "rule by which edges or nodes are chosen"),
        "share": ("float64", "share of the units kept, or of parameters as many"),
        "draw": ("int64", "number of the mask"),
        "weights": ("Int64", "first-layer weights kept"),
        "loss": ("float64", "half the expected squared error on outputs without noise: its closed form"),
        "test_loss": ("float64", "the same, measured on new inputs"),
        "whole_loss": ("float64", "loss of the student before it was pruned"),
        "ideal": ("float64", "loss of a student that holds exact copies of the teacher's units, where it is known"),
    },
    "order_parameters": {
        **_PAIR,
        "seed": ("int64", "seed of teacher, student and samples"),
        "method": ("str", "rule by which edges or nodes are chosen, or dense: before"),
        "share": ("float64", "share of the units kept, or of parameters as many"),
        "matrix": ("str", "Q: student with student; R: student with teacher; T: teacher with teacher"),
        "row": ("int64", "unit"),
        "column": ("int64", "unit"),
        "value": ("float64", "product of their first-layer weights, divided by the inputs; mean over draws"),
    },
    "quality": {
        "source": ("str", "own or published"),
        "kind": ("str", "file, step (rows before and after), identity (of columns), or note (known flaw)"),
        "what": ("str", "file name, or what was done or checked"),
        "rows_before": ("Int64", "rows before the step"),
        "rows_after": ("Int64", "rows after the step; of a note, the rows concerned"),
        "expected": ("float64", "rows expected after the step, or the largest deviation that is tolerated"),
        "found": ("float64", "rows found, or the largest deviation"),
        "status": ("str", "as expected, changed, or counted (nothing is known to compare with)"),
        "meaning": ("str", "why, and what follows"),
    },
    "correlation": {
        "property": ("str", "ramanujan.delta_r, ramanujan.imdb, ramanujan.imsg or layer_density"),
        **_SCENARIO,
        "n": ("Int64", "networks of the scenario that have the property"),
        "pearson": ("float64", "correlation with the accuracy drop"),
        "spearman": ("float64", "rank correlation with the accuracy drop"),
    },
    "correlation_summary": {
        "property": ("str", "as in correlation"),
        **_LEVEL,
        "scenarios": ("Int64", "scenarios with a correlation"),
        "mean_pearson": ("float64", "mean over scenarios"),
        "mean_pearson_low": ("float64", "95 % bootstrap interval over scenarios"),
        "mean_pearson_high": ("float64", "95 % bootstrap interval over scenarios"),
        "mean_abs_pearson": ("float64", "mean size over scenarios"),
        "mean_spearman": ("float64", "mean over scenarios"),
        "mean_abs_spearman": ("float64", "mean size over scenarios"),
        "above_density": ("Int64", "scenarios in which |pearson| exceeds that of layer density"),
        "n": ("Int64", "networks of the group that have the property"),
        "pooled_pearson": ("float64", "over all networks of the group at once"),
        "pooled_spearman": ("float64", "over all networks of the group at once"),
    },
    "correlation_layers": {
        "model": ("str", "model, or all"),
        "property": ("str", "delta_r, imdb or imsg of a layer"),
        "n": ("Int64", "layers that have the property"),
        "pearson": ("float64", "correlation with the layer's density"),
        "spearman": ("float64", "rank correlation with the layer's density"),
    },
    "regression": {
        **_LEVEL,
        **_FEATURES,
        **_WEIGHTED,
        **_SIZE,
        "rank": ("Int64", "independent features"),
        "r2": ("float64", "least squares, in sample"),
        "adjusted_r2": ("float64", "least squares, in sample, adjusted for the rank"),
        "mae": ("float64", "mean absolute error in sample, in units of the accuracy drop"),
        "cv_r2": ("float64", "least squares, random folds, mean over repeats"),
        "cv_r2_sd": ("float64", "its standard deviation over repeats"),
        "grouped_cv_r2": ("float64", "least squares, grouped folds, mean over repeats"),
        "grouped_cv_r2_sd": ("float64", "its standard deviation over repeats"),
        "loo_r2": ("float64", "least squares, leave one network out"),
    },
    "regression_folds": {
        **_LEVEL,
        **_FEATURES,
        **_WEIGHTED,
        "estimator": ("str", "ols, ridge or lasso"),
        "folds": ("str", "who is held out"),
        "repeats": ("Int64", "how many times the folds were dealt"),
        **_SIZE,
        "r2": ("float64", "out of fold, mean over repeats"),
        "r2_sd": ("float64", "standard deviation over repeats"),
        "mae": ("float64", "out of fold, mean over repeats"),
    },
    "regression_differences": {
        **_LEVEL,
        **_FEATURES,
        "against": ("str", "feature set that is subtracted"),
        "n": ("Int64", "networks"),
        "difference": ("float64", "adjusted R2 of features minus that of against; group mean: the mean over groups"),
        "low": ("float64", "95 % bootstrap interval, configurations drawn"),
        "high": ("float64", "95 % bootstrap interval, configurations drawn"),
    },
    "importance": {
        **_LEVEL,
        "feature": ("str", "column of the feature table"),
        "family": ("str", "local, neighbourhood, strength, global, expansion"),
        "trained_weights": ("boolean", "whether the feature needs trained weights"),
        **_SIZE,
        "r2": ("float64", "of all features together, least squares in sample"),
        "part": ("float64", "Shapley part of r2 (LMG); the parts of a group sum to r2"),
        "share": ("float64", "part / r2"),
        "share_low": ("float64", "95 % bootstrap interval, configurations drawn"),
        "share_high": ("float64", "95 % bootstrap interval, configurations drawn"),
        "permutation": ("float64", "held-out R2 lost when the feature is permuted, mean over grouped folds"),
        "permutation_sd": ("float64", "standard deviation over repeats"),
        "beta": ("float64", "standardised slope: no importance where collinear"),
        "vif": ("float64", "variance inflation factor of the feature; infinite if the others determine it"),
        "collinear": ("boolean", "vif above 10: beta must not be read as an importance"),
    },
    "importance_stability": {
        "level": ("str", "how the networks are grouped"),
        "comparison": (
            "str",
            "two bootstrap samples (within, between) or disjoint halves (within_halves, between_halves)",
        ),
        "pairs": ("Int64", "pairs of rankings compared"),
        "spearman": ("float64", "mean rank correlation of the shares"),
        "low": ("float64", "2.5 % quantile over pairs"),
        "high": ("float64", "97.5 % quantile over pairs"),
    },
    "ranking": {
        **_PREDICTOR,
        **_SCENARIO,
        "methods": ("Int64", "methods that were ranked"),
        "spearman": ("float64", "of predicted and true order"),
        "kendall": ("float64", "tau-b of predicted and true order"),
        "rbo": ("float64", "rank-biased overlap, p = 0.9"),
        "top1": ("float64", "1 if the best method is predicted"),
        "regret": ("float64", "mean accuracy lost by taking the method predicted best"),
    },
    "ranking_summary": {
        **_PREDICTOR,
        "scenarios": ("Int64", "scenarios ranked"),
        **dict.fromkeys(("spearman", "kendall", "rbo", "top1", "regret"), ("float64", "mean over scenarios")),
        "spearman_sd": ("float64", "standard deviation over scenarios"),
        "spearman_low": ("float64", "95 % bootstrap interval of the mean over scenarios"),
        "spearman_high": ("float64", "95 % bootstrap interval of the mean over scenarios"),
    },
    "ranking_tests": {
        **_PREDICTOR,
        "against": ("str", "the predictor compared with, same protocol and level (or a single property)"),
        "scenarios": ("Int64", "scenarios that both rank"),
        "difference": ("float64", "mean difference of spearman"),
        "low": ("float64", "95 % bootstrap interval over scenarios"),
        "high": ("float64", "95 % bootstrap interval over scenarios"),
        "wilcoxon_p": ("float64", "two-sided signed-rank test over scenarios"),
    },
    "coverage": {
        **_FEATURES,
        "folds": ("str", "who is held out"),
        "n": ("Int64", "networks predicted while held out"),
        "nominal": ("float64", "what the interval promises"),
        "coverage": ("float64", "share of held-out networks inside the conformal interval"),
        "width": ("float64", "median width of the interval"),
        "t_coverage": ("float64", "the same for the interval of least squares theory"),
        "t_width": ("float64", "median width of that interval"),
        "outside": ("float64", "share of held-out networks outside the range of the others"),
    },
    "transfer": {
        "system": ("str", "whose networks are predicted: mge, rgp, dpp, mlp_rank, bogp, or a part of mge"),
        "source": ("str", "own or published; empty where there is none"),
        **_FEATURES,
        "trained_on": ("Int64", "networks of the fit"),
        "n": ("Int64", "networks predicted"),
        "r2": ("float64", "of the predicted drop; negative = worse than the mean of the predicted networks"),
        "mae": ("float64", "mean absolute error"),
        "spearman": ("float64", "rank correlation of predicted and true drop"),
        "coverage": ("float64", "share inside the 90 % interval"),
        "outside": ("float64", "share outside the range of the fit (Mahalanobis distance above its 99 % quantile)"),
        "status": ("str", "held out by configuration, predicted, or not yet: why"),
    },
}
