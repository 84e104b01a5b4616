"""Addresses, lengths and sha256 of the official files of the data sets.

Lengths and sha256 are those that TensorFlow Datasets publishes, and for CIFAR's Python versions those of Keras. For
Tiny-ImageNet nobody published them; they were computed from the file that Stanford serves. ImageNet requires a
registration, so it has no address here.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Remote:
    """A file to download: path below the data folder, length in bytes, sha256, and addresses, the best first."""

    path: str
    length: int
    sha256: str
    addresses: tuple[str, ...]

    @property
    def name(self) -> str:
        """The file's name without folders."""
        return self.path.rpartition("/")[2]


def _files(folder: str, servers: tuple[str, ...], files: Mapping[str, tuple[int, str]]) -> tuple[Remote, ...]:
    return tuple(
        Remote(folder + name, length, digest, tuple(server + name for server in servers))
        for name, (length, digest) in files.items()
    )


_TORONTO = ("https://www.cs.toronto.edu/~kriz/",)

REMOTE: Mapping[str, tuple[Remote, ...]] = {
    "mnist": _files(
        "MNIST/raw/",
        # PyTorch's copy is first, because the author's server often refuses.
        ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"),
        {
            "train-images-idx3-ubyte.gz": (
                9_912_422,
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            ),
            "train-labels-idx1-ubyte.gz": (
                28_881,
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            ),
            "t10k-images-idx3-ubyte.gz": (
                1_648_877,
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            ),
            "t10k-labels-idx1-ubyte.gz": (
                4_542,
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            ),
        },
    ),
    "fashion_mnist": _files(
        "FashionMNIST/raw/",
        ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
        {
            "train-images-idx3-ubyte.gz": (
                26_421_880,
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            ),
            "train-labels-idx1-ubyte.gz": (
                29_515,
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            ),
            "t10k-images-idx3-ubyte.gz": (
                4_422_102,
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            ),
            "t10k-labels-idx1-ubyte.gz": (
                5_148,
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            ),
        },
    ),
    "svhn": _files(
        "svhn/",
        ("http://ufldl.stanford.edu/housenumbers/",),
        {
            "train_32x32.mat": (182_040_794, "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8"),
            "test_32x32.mat": (64_275_384, "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b"),
        },
    ),
    "cifar10": _files(
        "",
        _TORONTO,
        {
            "cifar-10-python.tar.gz": (
                170_498_071,
                "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
            )
        },
    ),
    "cifar100": _files(
        "",
        _TORONTO,
        {
            "cifar-100-python.tar.gz": (
                169_001_437,
                "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
            )
        },
    ),
    "tiny_imagenet": _files(
        "",
        ("http://cs231n.stanford.edu/",),
        {
            "tiny-imagenet-200.zip": (
                248_100_043,
                "6198c8ae015e2b3e007c7841da39ec069199b9aa3bfa943a462022fe5e43c821",
            )
        },
    ),
}
