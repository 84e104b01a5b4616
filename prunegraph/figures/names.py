"""Names for readers of figures, for names of the catalogue, metrics and features. This file imports nothing."""

_NAMES = {
    **{"snip": "SNIP", "grasp": "GraSP", "synflow": "SynFlow", "prospr": "ProsPr", "uniform": "Uniform"},
    **{"er": "ER", "er_classic": "ER (classic)", "erk": "ERK", "dense": "Dense"},
    **{"conv6": "CONV-6", "resnet20": "ResNet-20", "resnet32": "ResNet-32", "mobilenet_v2": "MobileNetV2"},
    **{"resnet18": "ResNet-18", "resnet34": "ResNet-34", "resnet50": "ResNet-50", "resnet56": "ResNet-56"},
    **{"vgg16_bn": "VGG-16-BN"},
    **{"wide_resnet28_2": "WRN-28-2", "digits": "Digits", "mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"},
    **{"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "tiny_imagenet": "Tiny-ImageNet"},
    **{"itop": "ITOP", "rigl": "RigL", "dsr": "DSR", "snfs": "SNFS", "set": "SET"},
    **{"svhn": "SVHN", "imagenet": "ImageNet", "imagefolder": "Images", "magnitude": "Magnitude"},
    **{"mlp": "MLP", "lenet_300_100": "LeNet-300-100", "iterative_magnitude": "Iterative magnitude"},
    **{"page_rank": "PageRank", "modified_page_rank": "Modified PageRank", "unit_l1": "L1 norm of units"},
    **{"dpp_edge": "DPP edges", "random_edge": "Random edges", "importance_edge": "Importance edges"},
    **{"dpp_node": "DPP nodes", "random_node": "Random nodes", "importance_node": "Importance nodes"},
    **{"unit_wanda": "Wanda for units", "unit_activation": "Activation of units", "unit_random": "Random units"},
    **{"dpp_edge": "DPP edges", "random_edge": "Random edges", "importance_edge": "Edges by importance"},
    **{"dpp_node": "DPP nodes", "random_node": "Random nodes", "importance_node": "Nodes by importance"},
    **{"wanda": "Wanda", "obs": "OBS"},
    **{"lamp": "LAMP", "magnitude_rounds": "Magnitude, in rounds"},
    **{"dataset": "Data set", "one_cycle": "One cycle"},
    **{"rolled": "Rolled", "rolled_channel": "Rolled-channel", "unrolled": "Unrolled"},
    **{"rolled_raw": "Rolled, raw", "rolled_channel_raw": "Rolled-channel, raw", "rolled_mask": "Rolled, mask only"},
    **{"unrolled_mask": "Unrolled, mask only", "unrolled_bipartite": "Unrolled, 10 metrics"},
    **{"ramanujan": "Ramanujan", "ramanujan_density": "Ramanujan + density"},
    **{"layer_density": "Layer density", "log_edges": "log(edges)"},
    **{"mge": "MGE", "bogp": "BoGP", "dpp": "DPP", "mlp_rank": "MLP-Rank", "rgp": "RGP"},
    **{"delta_r": "$\\Delta_r$", "imdb": "IMDB", "imsg": "IMSG"},
    **{"one_hop": "1-hop neighbours", "two_hop": "2-hop neighbours", "k_core": "k-core"},
    **{"removable_out": "Removable out-edges", "removable_in": "Removable in-edges"},
    **{"cut_edges": "Cut edges", "cut_nodes": "Cut nodes", "mean_component": "Mean component size"},
}


def label(name: str) -> str:
    """Return the name for readers of a name of the catalogue, a metric or a feature.

    A variant, such as ``resnet20_narrow``, is named after the longest known name at its beginning.
    """
    name = name.rpartition(".")[2]
    if name.endswith("_compat"):
        return f"{label(name.removesuffix('_compat'))} (as published)"
    known = max((key for key in _NAMES if f"{name}_".startswith(f"{key}_")), key=len, default="")
    if known:
        return f"{_NAMES[known]} {name.removeprefix(known).strip('_').replace('_', ' ')}".strip()
    return name.replace("_", " ").capitalize()
