"""How events move and what they mean."""
