"""Stepwise mode: a program is written a few lines at a time, and its planner sees their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from visprog.answers import Job
from visprog.drafting import Drafter, accounted
from visprog.drawing import draw
from visprog.errors import PlanError, ProgramError, RunError, SettingsError
from visprog.execution import Ended, Limits
from visprog.execution.session import MORE, Session
from visprog.helper_library import Library
from visprog.inputs import kinds_of, pictures_of, values_of
from visprog.lang.checked import Checker, has_return
from visprog.lang.types import unit_name
from visprog.planning import RUNTIME, Planner, Stepper
from visprog.planning.prompts import ROUNDS
from visprog.planning.routing import smaller
from visprog.show import describe
from visprog.tool import Toolset
from visprog.trace import STEPWISE
from visprog.values import Image, Value

NAMES = 30  # shown after a round
VALUE = 400  # characters of one value
SHOWN = 2_000  # characters shown after a round
PICTURES = 4  # shown after a round
SIDE = 384  # pixels of the longer side of a picture that is shown


class StepwiseDrafter(Drafter):
    """Has programs written in rounds: each is checked with the lines before it, run, and shown.

    The accepted lines together are one program, which gives the same if it is run at once.
    """

    def __init__(
        self,
        planner: Planner,
        tools: Toolset,
        checker: Checker,
        library: Library | None,
        *,
        limits: Limits,
        replans: int,
        rounds: int = ROUNDS,
    ) -> None:
        """`rounds`: of a program, faulty ones counted.

        Raises:
            SettingsError: the planner writes whole programs only.
        """
        if not isinstance(planner, Stepper):
            raise SettingsError(
                f"the planner {planner.name} writes whole programs only: choose a chat model for "
                "stepwise mode, such as openai:MODEL"
            )
        super().__init__(planner, tools, _never, library, repairs=0, replans=replans)
        self.stepper = planner
        self.checker, self.limits, self.rounds = checker, limits, rounds

    def write(self, job: Job) -> None:
        """Ask for lines until some pass the check."""
        job.planner, job.mode = self.planner.name, STEPWISE
        kinds, sees = kinds_of(job.images), getattr(self.planner, "sees", False)
        images = [smaller(image, SIDE) for image in pictures_of(job.images)] if sees else []
        job.session = job.session or Session(self.tools, values_of(job.images), self.limits)
        with accounted(job):
            while len(job.rounds) < self.rounds:
                plan = self.stepper.steps(
                    job.question, self.tools, kinds, job.rounds, most=self.rounds, images=images
                )
                job.stepped(plan)
                if self.helper_library is not None:
                    job.lines = self.helper_library.linked(job.lines, before=job.program)
                try:
                    job.part = self.checker.part(job.text, kinds, start=job.start)
                except ProgramError as error:
                    job.looked(str(error), faulty=True)
                else:
                    return
            raise PlanError(f"the planner wrote no `return` within {self.rounds} rounds")

    def again(self, job: Job, end: Ended) -> bool:
        """Whether more lines are asked for: these did not return, or went wrong."""
        assert job.part is not None and job.session is not None
        value: object = end.value
        if value is MORE:
            job.looked(shown(job.session.news), tuple(self._pictures(job.session.news)))
            return True
        fault = _fault(job, end)
        if not fault or job.rejections(RUNTIME) >= self.replans:
            job.unit = unit_name(job.part.returns)
            job.looked("")  # the lines with which it ends, rightly or not
            return False
        job.rejected(fault, RUNTIME)
        job.looked(f"They were run and went wrong:\n{fault}", faulty=True)
        return True

    def _pictures(self, news: Mapping[str, Value]) -> Iterator[Image]:
        """What a planner that sees is shown of values."""
        if getattr(self.planner, "sees", False):
            drawn = (draw(value, SIDE) for value in news.values())
            seen = (pixels for pixels in drawn if pixels is not None)
            yield from (smaller(Image(pixels), SIDE) for pixels in islice(seen, PICTURES))


def shown(news: Mapping[str, Value]) -> str:
    """Values as a planner is told them: a name and a line of printable text each."""
    told: list[str] = []
    room = SHOWN
    for name, value in islice(news.items(), NAMES):
        line = f"{name}: {describe(value, VALUE)}"
        room -= len(line) + 1
        if room < 0:
            break
        told.append(line)
    if left := len(news) - len(told):
        told.append(f"(and {left} more {'names' if left > 1 else 'name'})")
    return "\n".join(told) or "(no name got another value)"


def _fault(job: Job, end: Ended) -> str:
    """What went wrong in the run of a round, as the planner is told it; "" of what ends it.

    Lines without `return` that hang on an Unknown abstain: no program would end there.
    """
    if isinstance(end.error, RunError):
        return str(end.error)
    assert job.part is not None
    if end.error is None and not has_return(job.part.shape):
        return f"what they do hangs on what is {describe(end.value, VALUE)}"
    return ""


def _never(job: Job) -> None:
    """Lines are checked as they are written."""
