"""Writer schemas by number. One protocol, one implementation a file."""
