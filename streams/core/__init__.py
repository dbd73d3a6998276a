"""The rules. Pure: no I/O, clock, randomness, environment or logging."""
