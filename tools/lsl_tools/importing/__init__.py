"""From pictures and a table or a folder tree to an image store."""

from __future__ import annotations
