"""The grown-up process: a Faust application around the one pipeline. Start at app.py."""
