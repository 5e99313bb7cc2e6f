"""Remembers: every action and its outcome, append-only, and beside them the applied state."""
