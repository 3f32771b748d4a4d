"""The abstentions of the embedded profile: what nothing offline can answer, and what could."""

from __future__ import annotations

from visprog.tool import Backend, Model
from visprog.values import Image, Region, Unknown


def unknown(why: str, tool: str) -> Unknown:
    """An abstention that names the command which would help."""
    return Unknown(f"{why}; {help_with(tool)}")


def help_with(tool: str) -> str:
    return (
        "a larger model could: pip install 'visprog[models]' and choose its backend with "
        f"--tools embedded,{tool}=NAME (`visprog tools {tool}` lists them)"
    )


class Abstain(Backend):
    """Answers nothing, and says why: the run ends as an abstention, not as a failure."""

    name = "none"
    serves = ("vqa", "caption", "match", "distance", "tall", "wide", "point")
    model = Model("none", "Apache-2.0", kind="rules")

    def vqa(self, image: Image, question: str) -> Unknown:
        why = f"no embedded model answers free questions about pictures ({question!r})"
        return unknown(why, "vqa")

    def caption(self, image: Image) -> Unknown:
        return unknown("no embedded model describes pictures", "caption")

    def match(self, image: Region | Image, text: str) -> Unknown:
        return unknown(f"no embedded model compares a picture with a text ({text!r})", "match")

    def tall(self, region: Region) -> Unknown:
        return _metres("tall", "; height_from compares with a thing whose size is known")

    def wide(self, region: Region) -> Unknown:
        return _metres("wide")

    def point(self, region: Region) -> Unknown:
        return _metres("point")

    def distance(self, a: Region, b: Region) -> Unknown:
        why = "no embedded model measures in metres; nearest and in_front_of compare by a heuristic"
        return unknown(why, "distance")


def _metres(tool: str, instead: str = "") -> Unknown:
    return unknown(f"no embedded model measures in metres{instead}", tool)
