"""Programs and pictures in processes of their own, confined by the system (`--isolate`)."""

from visprog.isolation.client import Isolation
from visprog.isolation.sandbox import Layer

__all__ = ["Isolation", "Layer"]
