"""Imports that wait until it is known that they are needed, for they take longer than most commands."""

import gc
import importlib
from typing import Any


def imported(module: str) -> Any:
    """Import a module. What it makes stays, so it is not looked through for garbage, then or later."""
    if not gc.isenabled():
        return importlib.import_module(module)
    gc.disable()
    try:
        return importlib.import_module(module)
    finally:
        gc.freeze()
        gc.enable()
