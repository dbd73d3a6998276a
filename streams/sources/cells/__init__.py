"""Cells of files -> values of fields."""
