"""How events come in: files, the synthetic shop, later HTTP."""
