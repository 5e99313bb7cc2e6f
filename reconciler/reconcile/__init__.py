"""One pass: read, diff, plan, send, record, report."""
