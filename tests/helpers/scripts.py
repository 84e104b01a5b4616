"""The workflow's scripts as modules."""

import importlib.util


def main_of(script):
    """The function that does a script's work."""
    spec = importlib.util.spec_from_file_location(f"script_{script.stem}", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main
