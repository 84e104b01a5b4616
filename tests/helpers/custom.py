"""A network written in a line."""

from torch import nn


class Body(nn.Module):
    """Modules by name, and a function of them and the input."""

    def __init__(self, function, **modules):
        super().__init__()
        self.function = function
        for name, module in modules.items():
            self.add_module(name, module)

    def forward(self, x):
        return self.function(self, x)
