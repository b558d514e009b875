"""Photographs and annotations from a server that the user names, politely, as a folder that can be imported."""
