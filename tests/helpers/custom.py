"""A network written in a line."""

from torch import nn


class Custom(nn.Module):
    """Layers by name, and the forward pass as a function of the module and the input."""

    def __init__(self, run, **layers):
        super().__init__()
        self.run = run
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x):
        return self.run(self, x)
