"""Batches on the workers of a Ray cluster (`--engine ray`, the extra `[scale]`)."""

from visprog.scale.runner import RayRunner, make_runner

__all__ = ["RayRunner", "make_runner"]
