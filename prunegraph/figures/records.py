"""Records of all figures of a study, in the order of the report: function, tables or graphs that it reads, caption.

This file imports nothing heavy, so the workflow can plan figures without Matplotlib.
"""

from typing import NamedTuple


class Figure(NamedTuple):
    """The record of a figure, from which the workflow makes it.

    Parameters
    ----------
    draw
        Drawing function as ``"module:function"``; it takes what `reads` lists, in this order, and returns a Matplotlib
        figure.
    reads
        Names of tables; or ``graph``, the unrolled graph of the network that `drawing` in the configuration names; or
        ``graphs``, that graph with those of the other pruners of the same data set, model, sparsity and seed.
    caption
        Caption in the report, in sentences.
    systems
        Systems of the catalogue whose studies have it; empty: all studies with these tables.
    """

    draw: str
    reads: tuple[str, ...]
    caption: str
    systems: tuple[str, ...] = ()


_DRAWN = "prunegraph.figures"

FIGURES = {
    "encodings": Figure(
        f"{_DRAWN}.encodings:draw",
        (),
        "The three encodings of one tiny network, a convolution and a linear layer of which half of the weights "
        "are pruned (section 3). A weight is one edge in the rolled graph of its layer, part of one edge in the "
        "rolled-channel graph, and one edge for each position of its kernel in the unrolled graph, the only one "
        "in which layers hang together.",
    ),
    "multipartite": Figure(
        f"{_DRAWN}.multipartite:draw",
        ("graph",),
        "The unrolled multipartite graph of one pruned network: a column for each layer's feature map, a line for "
        "each edge. Where a graph has more edges than can be seen, a stated number is drawn at random.",
    ),
    "pruners": Figure(
        f"{_DRAWN}.multipartite:draw_several",
        ("graphs",),
        "The unrolled multipartite graphs of one model, pruned by each method to the same sparsity. A column for "
        "each feature map, from the input to the classes; grey nodes have no edge. Where a graph has more edges "
        "than can be seen, the same number is drawn at random in each.",
    ),
    "sizes": Figure(
        f"{_DRAWN}.sizes:draw",
        ("topometrics",),
        "Nodes and edges of the graphs, by encoding, model and sparsity: means over pruners and seeds, shaded "
        "from the smallest to the largest. The layer encodings are summed over their layers. Of the published "
        "tables all networks are shown, with MobileNetV2 (unrolled alone) and the methods that prune while they "
        "train.",
    ),
    "mask_stability": Figure(
        f"{_DRAWN}.mask_stability:draw",
        ("mask_stability",),
        "How much of a mask is the network's, and how much the draw's or the rounding's: the share of the weights "
        "of each mask that stay when one thing about its making changes. Dots: the scores see other batches of "
        "training images (same network, same seed elsewhere); squares: they are computed in float32 instead of "
        "float64; triangles, where there is a GPU: on it instead of the CPU. Grey bars: what another random mask "
        "with the same layer densities would share by chance. From left to right within a method, sparsity rises. "
        "One network per model (the first seed). A method whose dots lie at 1 looks at no images.",
    ),
    "accuracy": Figure(
        f"{_DRAWN}.accuracy:draw",
        ("networks",),
        "Test accuracy after the last epoch against sparsity, one panel for each data set and model. Points are "
        "means over the seeds, bars their standard deviation. Networks made of graphs of one set "
        "are one line. Dashed: the dense network. Dotted: chance; an axis "
        "begins above it where all networks of the data set do far better. The published tables hold MobileNetV2 "
        "and methods that prune while they train (SNFS, ITOP, RigL, DSR) as well; the studies below leave these "
        "out.",
    ),
    "published_layers": Figure(
        f"{_DRAWN}.published_layers:draw",
        ("published_layers",),
        "Where the methods keep their weights: the share of each layer, from the first to the last, of this study's "
        "networks (lines, means over seeds) and of the published ones of the same model, method and sparsity (dots). "
        "Our shares are those that the published network would have with our layers' densities, so models of other "
        "widths can be compared; with smaller images, layers of another size than the rest (CONV-6's first linear one) "
        "differ for that alone. Numbers: half the sum of the absolute differences (total variation), between one of "
        "ours and a published one, and in brackets between two published ones.",
    ),
    "performance": Figure(
        f"{_DRAWN}.performance:draw",
        ("correlation",),
        "Rank correlation of Ramanujan properties, and of layer density, with the accuracy drop (section 4.1): a "
        "dot for each scenario (data set, model, sparsity), over its pruners and seeds. Black: mean over the "
        "scenarios of a sparsity and its 95 % interval (Student's t). A useful predictor would be far from zero "
        "with the same sign everywhere.",
    ),
    "ramanujan": Figure(
        f"{_DRAWN}.ramanujan:draw",
        ("ramanujan",),
        "Ramanujan properties of each pruned layer against its density (rolled encoding; Cunegatti et al. 2024, "
        "section 4.1). A property that follows the density alone says nothing that the density does not. Of the "
        "published tables all networks are shown, with MobileNetV2 and the methods that prune while they train.",
    ),
    "regression": Figure(
        f"{_DRAWN}.regression:draw",
        ("regression",),
        "How much of the accuracy drop each set of features explains by ordinary least squares (section 4.2.1). "
        "Bars: adjusted R² in sample. Diamonds: R² held out in five folds, the seeds of a configuration kept "
        "together; triangles where it lies below the axis. Crosses: too few networks for the number of features. "
        "All sets of a group are fitted to the same n networks. Strength, spectral gap and spectral radius are "
        'measured on trained weights; "mask only" does without them.',
    ),
    "regression_table": Figure(
        f"{_DRAWN}.regression_table:draw",
        ("regression",),
        "R² of the accuracy drop by ordinary least squares, every set of features in every scope (section 4.2.1). "
        "Top: adjusted, in sample. Bottom: held out in five folds, the seeds of a configuration kept together; "
        "below zero is worse than predicting the mean. Colours run from 0 or less (pale) to 1 (dark). Grey: too "
        "few networks for the number of features. Starred sets hold metrics of trained weights. All sets of a "
        "scope are fitted to the same networks.",
    ),
    "trained_weights": Figure(
        f"{_DRAWN}.trained_weights:draw",
        ("regression",),
        "The same regression with and without the three topometrics that need trained weights (strength, spectral "
        "gap, spectral radius). Only what the masks alone explain is known before training. In sample: adjusted "
        "R². Held out: R² in five folds, the seeds of a configuration kept together.",
    ),
    "prediction": Figure(
        f"{_DRAWN}.prediction:draw",
        ("features",),
        "Accuracy drop predicted by least squares against the true one: each network is predicted by a fit to the "
        "configurations of the other four folds, its own other seeds left out. Predictions beyond the axes stand "
        "at their edge. R² below zero: worse than predicting the mean. Folds are dealt once here, ten times in "
        "the figure of the regression.",
    ),
    "importance": Figure(
        f"{_DRAWN}.importance:draw",
        ("importance",),
        "The share (%) of each topometric in the explained variance of the accuracy drop (section 4.2.2): the "
        "exact Shapley decomposition of R² (LMG), which is fair to collinear features, by sparsity, model and "
        "data set, with 95 % bootstrap intervals below where they were computed. Starred metrics are measured on "
        "trained weights.",
    ),
    "ranking": Figure(
        f"{_DRAWN}.ranking:draw",
        ("ranking",),
        "How well each predictor orders the pruners of a scenario (data set, model, sparsity) by their accuracy "
        "drop (section 4.2.3). Mixtures are least-squares predictions from several metrics, fitted in sample or "
        "without the scenario that they rank. Means over scenarios with 95 % intervals (normal approximation, "
        "scenarios taken as independent).",
    ),
    "edges_and_nodes": Figure(
        f"{_DRAWN}.edges_and_nodes:draw",
        ("networks",),
        "Edges against nodes at equal numbers of parameters: test error of trained networks of which the inputs of "
        "each unit, or whole units, were removed by six rules and nothing trained afterwards, against the share of all "
        "parameters that are not zero. Left: as pruned, removed units replaced by the constant that they emit. Right: "
        "what is kept absorbs by least squares what was removed. Points are means over the draws, bars their 95 % "
        "interval (Student's t), cut where it would pass zero. After Acharyya et al., arXiv 2006.16617.",
        ("dpp",),
    ),
    "kernels": Figure(
        f"{_DRAWN}.kernels:draw",
        ("networks",),
        "What the kernels say from which determinantal rules draw. Effective rank: the exponential of the entropy of "
        "the eigenvalues; far more items cannot all differ. Median off-diagonal entry: 0 where all items differ, 1 "
        "where all are alike. Distance from uniform: by how much the spectrum lowers the mean determinant of a subset; "
        "0 is a draw at random. e_k: the sum of all determinants, which ordinary numbers cannot hold below 10^-308. "
        "Means over kernels and seeds, bars: standard deviation over seeds.",
        ("dpp",),
    ),
    "retention": Figure(
        f"{_DRAWN}.retention:draw",
        ("networks",),
        "Test accuracy of networks without some of their units, as a share of that of the dense network, by the "
        "measure that ranks the units and the amount removed; nothing is trained afterwards. Filled: units ranked in "
        "each layer; open: in all layers together. On grey: controls, units at random, by their weights or by their "
        "activations alone. Means over seeds, bars their 95 % interval (Student's t). Measures after Hoffmann et al., "
        "arXiv 2410.13299.",
        ("mlp_rank",),
    ),
    "speed": Figure(
        f"{_DRAWN}.speed:draw",
        ("latency", "networks"),
        "What a network without the removed units saves, and the accuracy that it retains: how many times fewer "
        "parameters and operations (multiply-accumulates) it has, and how many times shorter a call of it takes, "
        "measured on this machine beside the dense network (bars: quartiles over calls). In a small network the "
        "overhead of a call is most of its time. A line for each method, from the smallest amount to the largest.",
        ("mlp_rank",),
    ),
    "teacher_student": Figure(
        f"{_DRAWN}.teacher_student:draw",
        ("teacher_student",),
        "A student network that learnt from a teacher, one sample a step, is pruned without being trained again: half "
        "of the expected squared error on outputs without noise (its closed form for the weights that are left) "
        "against the share of the parameters that is kept; rules for edges keep as many parameters as those for nodes. "
        "Points: means over networks and draws, bars their standard deviation. Dotted: a student that holds exact "
        "copies of the teacher's units, for edges and nodes at random and for the best spread of nodes (in the colour "
        "of the determinantal choice). Dashed: before pruning. After Acharyya et al., arXiv 2006.16617.",
    ),
    "order_parameters": Figure(
        f"{_DRAWN}.teacher_student:draw_orders",
        ("order_parameters",),
        "Order parameters of one student before pruning and under each rule: Q, products of the first-layer weights of "
        "student units, R, of student and teacher units, T, of teacher units, each divided by the number of inputs; "
        "means over the draws. Units are sorted by the teacher's unit that they resemble most.",
    ),
    "search_trace": Figure(
        f"{_DRAWN}.searches:draw_trace",
        ("search_trace", "bogp_search", "search_summary", "search_signal"),
        "Bayesian search among relational graphs, and random search with the same start, budget and rule. Left: the "
        "largest validation accuracy of one network seen so far, means over repeats with 95 % intervals. What is "
        "largest of many is partly luck: the diamonds are what the winners are worth, means of networks trained anew "
        "with fresh seeds. Dashed: what candidates drawn at random are worth on average. Right: the winners of each "
        "repeat, one search against the other, and the paired difference with its 95 % interval (Student's t). The "
        "intraclass correlation is the share of the variance of accuracy that lies between graphs; near zero no "
        "search can find anything.",
    ),
    "search_posterior": Figure(
        f"{_DRAWN}.searches:draw_posterior",
        ("search_posterior",),
        "What the Gaussian process expects of every candidate after the first Bayesian search: mean and 95 % band of "
        "the accuracy without the noise of one network. Points: validation accuracies that were found.",
    ),
    "search_properties": Figure(
        f"{_DRAWN}.graph_properties:draw_correlation",
        ("search_graphs",),
        "Pearson correlation of the properties of all candidates. With a fixed number of edges degree and the number "
        "of independent cycles are constant. The last property is what the published code calls the number of cycles: "
        "the length of the first one that a search in depth meets.",
    ),
    "small_graphs": Figure(
        f"{_DRAWN}.graph_properties:draw_small",
        ("search_graphs", "search_signal"),
        "Validation accuracy of networks with every connected graph of a few nodes as their mask, against three "
        "properties: means over seeds, bars their standard deviation. Graphs with more edges keep more weights, so "
        "what goes along with the colour may be no more than that.",
    ),
    "baselines": Figure(
        f"{_DRAWN}.baselines:draw",
        ("networks", "search_summary"),
        "Test accuracy of networks whose masks were found by a search among relational graphs, and by others, all on "
        "the same layers, from the same trained network and with as many epochs afterwards (those in rounds divide "
        "them). Means over seeds with 95 % intervals (Student's t), grey dots: single networks. The masks of a search "
        "are blocks of channels, the others are free to keep any weight.",
    ),
    "trade_off": Figure(
        f"{_DRAWN}.searches:draw_trade_off",
        ("search_trade_off",),
        "Bayesian search for (1 - alpha) accuracy + alpha sparsity among graphs with different numbers of edges: test "
        "accuracy of new networks of the winner, and its sparsity.",
    ),
    "path_length": Figure(
        f"{_DRAWN}.relational:draw",
        ("graph_properties",),
        "Networks whose layers are relational graphs: test accuracy against the average shortest path length of the "
        "graph (Chen et al., TNNLS 2023), a line for each degree, a panel for each set of graphs. Points are means "
        "over seeds, bands (bars, where graphs have the same length) their standard deviation. The table graph_effects "
        "says whether graphs of a degree differ at all "
        "(intraclass correlation over seeds) and how their ranks correlate, with intervals.",
    ),
    "graph_plane": Figure(
        f"{_DRAWN}.relational:draw_plane",
        ("graph_properties",),
        "The same graphs by clustering and average shortest path length, a panel for each degree. Colours: points of "
        "mean test accuracy above (blue) or below (red) the mean of the panel. On a ladder of edge swaps the two "
        "properties rise together; graphs searched for pairs of both (crossed) tell them apart.",
    ),
    "graph_walks": Figure(
        f"{_DRAWN}.relational:draw_walks",
        ("graph_properties",),
        "Gradient resistance (after how many layers every unit hears of every other, mean over units) and AOPU, the "
        "average number of paths used, of every graph against its average shortest path length. Graphs without a "
        "gradient resistance, which are bipartite, are left out on the left.",
    ),
    "graph_topometrics": Figure(
        f"{_DRAWN}.relational:draw_topometrics",
        ("graph_topometrics",),
        "Do topometrics of a network tell what its relational graph is like? Rank correlations inside sparsities, over "
        "graphs, of the topometrics of the unrolled graph (means over seeds) with the properties of the relational "
        "graph. Dots: the 95 % bootstrap interval leaves zero out. Grey: the topometric is the same for all graphs of "
        "a sparsity.",
    ),
    "drawn_graphs": Figure(
        f"{_DRAWN}.relational:draw_graphs",
        ("drawn_graphs",),
        "The relational graphs of the most, the median and the least accurate networks of each degree, chosen by mean "
        "validation accuracy; above each its mean test accuracy, average shortest path length (ASPL) and clustering "
        "(C). Where graphs of a degree do not differ by more than seeds do (graph_effects), this order is chance.",
    ),
    "costs": Figure(
        f"{_DRAWN}.costs:draw",
        ("costs", "topometrics"),
        "Wall time per network and peak memory of the jobs that encode networks as graphs and measure them, as "
        "Snakemake recorded them in this run, against the edges of the unrolled graph. The start of the process "
        "and its imports, one to three seconds, are included, and several jobs ran beside each other. Memory is "
        "sampled; jobs under two seconds have none.",
    ),
}
