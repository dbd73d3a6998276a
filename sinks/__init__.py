"""Where facts land and are read."""
