"""Sends: one action is one HTTP exchange with the chat service. The only home of httpx."""

import sys

# httpx imports its own command line, with much of rich and all of pygments, and does without where that can't
# be had. None says so (https://docs.python.org/3/reference/import.html#the-module-cache), and spares 50 ms of
# each start and 3 MB of each daemon.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # its type does not foresee None
