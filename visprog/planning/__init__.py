"""Planners: each turns a question into the text of a program."""

from visprog.planning.planner import Plan, Planner
from visprog.planning.providers import make_planner

__all__ = ["Plan", "Planner", "make_planner"]
