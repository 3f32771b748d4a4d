"""Plans for a robot: typed programs over its own skills, checked and simulated before use."""

from visprog.acting.planning import ActionPlan, plan_actions
from visprog.acting.skills import Skills, read_skills

__all__ = ["ActionPlan", "Skills", "plan_actions", "read_skills"]
