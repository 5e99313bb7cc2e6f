"""GitOps for chat messages: manifests in, the fewest Update Message calls out."""

__version__ = "0.1.0"
