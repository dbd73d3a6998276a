"""Where events wait: append, poll, trim. One protocol, one implementation a file."""
