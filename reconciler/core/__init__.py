"""Decides: plain values in, plain values out; no I/O, clock, logging or randomness."""
