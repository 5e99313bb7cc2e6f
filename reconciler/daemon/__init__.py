"""Forever: wake, pass, publish, wait; stop when told to."""
