"""Renders: plans, reports and the ledger's rows as documents; pure functions."""
