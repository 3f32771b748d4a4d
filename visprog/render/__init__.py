"""A trace as one HTML page that stands alone: no script, nothing fetched, everything escaped."""

from visprog.render.document import page
from visprog.render.steps import CARDS, DRAWN

__all__ = ["CARDS", "DRAWN", "page"]
