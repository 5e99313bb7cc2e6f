"""`python -m reconciler` is the `reconciler` command."""

from reconciler.cli.program import main

if __name__ == "__main__":
    main()
