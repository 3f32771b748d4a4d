"""The moments of a video: frames of it, and the first at which something holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar

from visprog.errors import ToolError, VisprogError
from visprog.tool import Backend, Model, Output
from visprog.values import Image, Seconds, Unknown, Value, Video
from visprog_tools.abstain import help_with

LOOKS = 32  # frames in which a statement is looked for, before its moment is narrowed down
NARROW = 0.1  # seconds, or a frame: how exactly a moment is told

LONGEST = 200  # characters of a statement that is read for what it says to be there

_ARTICLE = r"(?:(?:an?|the|some|any|another)\s+)?"
_SCENE = r"(?:the\s+|this\s+)?(?:picture|image|view|video|frame|scene)"
PRESENT = re.compile(
    "|".join(
        (
            rf"there\s+(?:is|are)\s+{_ARTICLE}([\w -]+?)(?:\s+there|\s+in\s+{_SCENE})?\W*",
            rf"{_ARTICLE}([\w -]+?)\s+(?:is|are)\s+(?:visible|present|seen|there|in\s+{_SCENE})\W*",
            rf"{_ARTICLE}([\w -]+?)\s+(?:appears?|arrives?|shows?\s+up)\W*",
            rf"{_ARTICLE}([\w -]+?)\s+comes?\s+in(?:to\s+view)?\W*",
            rf"{_ARTICLE}([\w -]+?)\s+(?:enters?|comes?\s+into)(?:\s+{_SCENE})?\W*",
        )
    ),
    re.IGNORECASE,
)

MORE = re.compile(  # than a thing: `verify` is to judge it
    r"\b(?:no|not|never|and|or|who|that|with|of|in|on|two|three|four|five|six|seven|eight|nine|ten|"
    r"both|many|several|more|\d+)\b",
    re.IGNORECASE,
)

Held = bool | Unknown
Look = Callable[[Image], Held]


class Decoder(Backend):
    """Takes frames out of a video, as it was opened."""

    name = "decoder"
    serves = ("frames",)
    model = Model("FFmpeg by PyAV, or Pillow", "LGPL-2.1-or-later, MIT-CMU", kind="rules")

    def frames(self, video: Video, n: int) -> list[Image]:
        if n < 1:
            raise ToolError(f"frames: want 1 or more frames, got {n}")
        if n > video.most:
            raise ToolError(
                f"frames: want at most {video.most} frames of {video.width} x {video.height} at "
                f"once, so that they fit into memory, got {n}"
            )
        return [video.frames[place] for place in evenly(len(video.frames), n)]


def evenly(count: int, n: int) -> list[int]:
    """n places of so many, the first and the last among them; all where there are no more."""
    if n >= count:
        return list(range(count))
    if n == 1:
        return [0]
    return [round(place * (count - 1) / (n - 1)) for place in range(n)]


class Moments(Backend):
    """Asks of frames whether a statement holds, and of those between until the moment is known.

    What says that something is there is asked of `detect`, anything else of `verify`, with whatever
    backends of the toolset serve them. What happens and is over between two of the 32 frames that
    are looked at is missed.
    """

    name = "moments"
    serves = ("when",)
    uses: ClassVar[tuple[str, ...]] = ("detect", "verify")
    model = Model("verify or detect on frames", "Apache-2.0", kind="rules")

    @property
    def parameters(self) -> Mapping[str, Value]:
        """The backends that are asked: another would say otherwise."""
        made: dict[str, Value] = {}
        for tool, helper in self.helpers.items():
            model = helper.model
            parts = [helper.name, model.id, model.revision, model.dtype, model.device]
            made[tool] = [*parts, [[name, value] for name, value in helper.parameters.items()]]
        return made

    def when(self, video: Video, statement: str) -> Output | Unknown:
        words = " ".join(statement.split())
        if not words:
            raise ToolError("when: want a statement, got an empty text")
        thing = thing_there(words)
        tool = "detect" if thing and "detect" in self.helpers else "verify"
        helper = self.helpers.get(tool)
        if helper is None:
            return Unknown(f"when: no tool looks at frames here; {help_with('verify')}")
        helper.ready()
        look = partial(self._seen, thing) if tool == "detect" else partial(self._holds, words)
        asked = f"{tool}({thing or words!r})" if tool == "detect" else f"verify({words!r})"
        places = evenly(len(video.frames), LOOKS)
        found: dict[int, Held] = {}
        for place in places:
            held = found[place] = look(video.frames[place])
            if held is True:
                break
        if found[place] is not True:
            return self._never(words, found, video)
        before = [other for other in found if other < place]
        first = self._narrowed(video, before[-1], place, look, found) if before else place
        looked = "1 frame" if len(found) == 1 else f"{len(found)} frames"
        notices = [f"{asked} was asked of {looked}, {helper.model.id}"]
        unknown = sum(isinstance(held, Unknown) for held in found.values())
        if unknown:
            notices.append(f"in {unknown} of these frames it could not be told")
        if before and len(places) < len(video.frames):
            gap = video.times[places[1]] - video.times[places[0]]
            notices.append(
                f"one frame every {gap:.2g} s was looked at: what is over sooner may be missed"
            )
        return Output(Seconds(video.times[first]), tuple(notices))

    def _narrowed(
        self, video: Video, low: int, high: int, look: Look, found: dict[int, Held]
    ) -> int:
        """The first frame of those between at which it holds, if it holds from then on."""
        while high - low > 1 and video.times[high] - video.times[low] > NARROW:
            middle = (low + high) // 2
            held = found[middle] = look(video.frames[middle])
            if held is True:
                high = middle
            else:
                low = middle
        return high

    def _never(self, words: str, found: Mapping[int, Held], video: Video) -> Unknown:
        reasons = [held.reason for held in found.values() if isinstance(held, Unknown)]
        if len(reasons) == len(found):
            return Unknown(f"when: {words!r} cannot be told from the frames: {reasons[0]}")
        unsure = f" ({len(reasons)} could not be told: {reasons[0]})" if reasons else ""
        return Unknown(
            f"when: {words!r} held in none of the {len(found)} frames looked at, of "
            f"{video.seconds:.1f} s{unsure}"
        )

    def _seen(self, thing: str, image: Image) -> Held:
        value = self._ask("detect", {"image": image, "name": thing})
        return value if isinstance(value, Unknown) else bool(value)

    def _holds(self, statement: str, image: Image) -> Held:
        value = self._ask("verify", {"subject": image, "statement": statement})
        return value if isinstance(value, Unknown) else value is True

    def _ask(self, tool: str, call: Mapping[str, object]) -> Value:
        (made,) = self.helpers[tool].run(tool, [call])
        if isinstance(made, VisprogError):
            raise made
        return made.value


def thing_there(statement: str) -> str:
    """The thing of a statement that only says that it is there, or comes; "" of any other."""
    found = PRESENT.fullmatch(statement) if len(statement) <= LONGEST else None
    if not found:
        return ""
    name = next(filter(None, found.groups()))
    return "" if MORE.search(name) else name


__all__ = ["Decoder", "Moments", "evenly", "thing_there"]
