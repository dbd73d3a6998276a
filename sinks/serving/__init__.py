"""The serving copy: finished profiles and memberships in one SQLite file, and the API that reads it.

Decides nothing itself. Must never open the store: it is told what changed by the process that has it open.
"""
