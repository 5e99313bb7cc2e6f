"""Shows: metrics and probes over HTTP, read-only."""
