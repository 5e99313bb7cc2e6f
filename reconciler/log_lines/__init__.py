"""Shows what the daemon does as log lines: one event a line, as text or as JSON, never a text or a secret."""
