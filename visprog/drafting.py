"""Has programs written for questions: planned, mended where they have faults, planned anew."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from visprog.answers import Answer, Job
from visprog.errors import PlanError, ProgramError, RunError, SettingsError
from visprog.execution import Ended
from visprog.helper_library import Library
from visprog.inputs import kinds_of, pictures_of
from visprog.planning import RUNTIME, STATIC, Planner, Repairer, Sampler, Usage
from visprog.tool import Toolset

if TYPE_CHECKING:  # loaded where it is asked for
    from visprog.planning.routing import Router


class Drafter:
    """From a question to a program, with one planner.

    Args:
        check: raises a ProgramError where a job's program has faults.
        library: helpers that programs may call.
        repairs, replans: as of `visprog.Agent`.
    """

    def __init__(
        self,
        planner: Planner,
        tools: Toolset,
        check: Callable[[Job], object],
        library: Library | None,
        *,
        repairs: int,
        replans: int,
    ) -> None:
        self.planner, self.tools, self.check, self.helper_library = planner, tools, check, library
        self.repairs, self.replans = repairs, replans

    @cached_property
    def router(self) -> Router:
        """Raises SettingsError: the planner cannot route."""
        from visprog.planning.routing import Router

        return Router.of(self.planner)

    def route(self, job: Job) -> Answer | None:
        """The answer of the planner's own model; None where tools are to answer."""
        job.planner = self.planner.name
        with accounted(job):
            made = self.router.route(job.question, pictures_of(job.images))
        return job.routed(made)

    def write(self, job: Job) -> None:
        """Ask for a program, and again as long as it has faults and the planner can mend them."""
        planner, kinds = self._planner_of(job), kinds_of(job.images)
        job.planner = planner.name
        with accounted(job):
            while True:
                if job.attempts and isinstance(planner, Repairer):
                    plan = planner.plan(job.question, self.tools, kinds, job.attempts)
                else:
                    plan = planner.plan(job.question, self.tools, kinds)
                job.planned(plan)
                self._link(job, planner)
                if not _mends(planner) or job.rejections(STATIC) >= self.repairs:
                    return
                try:
                    self.check(job)
                except ProgramError as error:
                    job.rejected(str(error), STATIC)
                else:
                    return

    def _link(self, job: Job, planner: Planner) -> None:
        if self.helper_library is not None:
            written, job.program = job.program, self.helper_library.linked(job.program)
            if job.program == written and (notice := self.helper_library.untold(planner)):
                job.notices += (notice,)

    def _planner_of(self, job: Job) -> Planner:
        planner = self.planner
        if job.sample is None:
            return planner
        if not isinstance(planner, Sampler):
            raise SettingsError(f"the planner {planner.name} writes one program a question")
        return planner.sample(job.sample)

    def again(self, job: Job, end: Ended) -> bool:
        """Whether another program is asked for, since the run of this one failed."""
        if (
            not isinstance(end.error, RunError)
            or not _mends(self.planner)
            or job.rejections(RUNTIME) >= self.replans
        ):
            return False
        job.rejected(str(end.error), RUNTIME)
        job.program = ""
        return True


@contextmanager
def accounted(job: Job) -> Iterator[None]:
    """Count the seconds that the planner takes, and what a call that failed took all the same."""
    begin = time.perf_counter()
    try:
        yield
    except PlanError as error:
        job.usage += error.usage if isinstance(error.usage, Usage) else Usage()
        raise
    finally:
        job.plan_seconds += time.perf_counter() - begin


def _mends(planner: Planner) -> bool:
    return isinstance(planner, Repairer) and planner.repairs
