"""`python -m reconciler` is the `reconciler` command."""

import sys

from reconciler.cli.program import run

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
