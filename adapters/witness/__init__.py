"""Witnesses: somebody else's machine keeps the largest consistent checkpoint of a log that it has seen, and cosigns it.

`core` decides and remembers, `shared_folder` and `server` are the two ways in; `client` is how a log asks.
"""
