"""Several edits in one program, and names given to things, on a photograph."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as PillowImage

import visprog_tools
from visprog import Agent, Answer
from visprog.cli import main
from visprog.planning import Usage
from visprog.planning.chat import ChatPlanner, Completion, Message
from visprog.planning.prompts import Prompts
from visprog.tool import Backend, Catalogue, Model, Toolset
from visprog.values import Image, Region
from visprog_tools.editing import outline

WINE = Path(__file__).resolve().parents[1] / "examples" / "wine.jpg"
THINGS = """
glass = segment([largest(detect(image, "wine glass"))])
bottle = segment([largest(detect(image, "bottle"))])
"""
Mask = NDArray[np.bool_]


def square(region: Region, times: float) -> Mask:
    """(H, W) bool: where an emoji over a region may be."""
    made = np.zeros((region.image.height, region.image.width), np.bool_)
    half = times * max(region.width, region.height) / 2 + 1
    x, y = region.center
    made[int(y - half) : int(y + half) + 2, int(x - half) : int(x + half) + 2] = True
    return made


def segmented(answer: Answer) -> list[Region]:
    """What each call of `segment` gave, of one thing."""
    found: list[Any] = [step.value for step in answer.trace.steps if step.tool == "segment"]
    return [region for (region,) in found]


def test_five_edits_in_one_program_change_nothing_but_what_they_mean_to() -> None:
    program = f"""{THINGS}
clean = remove(image, glass)
grey = color_pop(clean, bottle)
soft = blur_background(grey, bottle)
dark = highlight(soft, bottle)
return emoji(dark, glass, "star")
"""
    with Agent() as agent:
        answer = agent.run(program, WINE)
    assert answer.status == "answered", answer.reason
    made: dict[str, Any] = {step.tool: step.value for step in answer.trace.steps}
    glass, bottle = segmented(answer)
    first = glass.image
    assert bottle.mask is not None
    hole, thing = outline(first, glass), bottle.mask
    star = square(glass, 1.2)
    kept: list[tuple[Image, Image, Mask]] = [
        (first, made["remove"], ~hole),
        (made["remove"], made["color_pop"], thing),
        (made["color_pop"], made["blur_background"], thing),
        (made["blur_background"], made["highlight"], thing),
        (made["highlight"], made["emoji"], ~star),
        (first, made["emoji"], thing & ~hole & ~star),  # of the first picture, after all five
    ]
    for before, after, mask in kept:
        assert mask.any() and np.array_equal(before.pixels[mask], after.pixels[mask])
        assert not np.array_equal(before.pixels[~mask], after.pixels[~mask])


def test_edits_of_things_leave_all_else_to_the_bit() -> None:
    program = f"""{THINGS}
clean = remove(image, glass)
bare = remove(clean, bottle)
heart = emoji(bare, glass, "heart")
cat = emoji(heart, bottle, "cat")
return emoji(cat, glass, "star")
"""
    with Agent() as agent:
        answer = agent.run(program, WINE)
    assert answer.status == "answered", answer.reason
    glass, bottle = segmented(answer)
    changed = outline(glass.image, glass) | outline(glass.image, bottle)
    rest = ~(changed | square(glass, 1.2) | square(bottle, 1.2))
    assert isinstance(answer.value, Image)
    assert rest.mean() > 0.8
    assert np.array_equal(answer.value.pixels[rest], glass.image.pixels[rest])


@pytest.mark.parametrize(
    "edit",
    [
        *(f"{word}(image, glass)" for word in ("color_pop", "blur_background", "highlight")),
        *(f"{word}(image, glass)" for word in ("remove", "tag")),
        'emoji(image, glass, "cool")',
        *(f"crop{side}(image, glass[0])" for side in ("", "_left_of", "_right_of")),
        *(f"crop{side}(image, glass[0])" for side in ("_above", "_below")),
    ],
)
def test_what_an_edit_gives_is_saved(edit: str, tmp_path: Path) -> None:
    program, out = tmp_path / "edit.vp", tmp_path / "out.png"
    program.write_text(f"{THINGS}\nreturn {edit}")
    assert main(["run", str(program), str(WINE), "--out", str(out)]) == 0
    with Agent() as agent:
        value = agent.run(program.read_text(), WINE).value
    assert isinstance(value, Image)
    with PillowImage.open(out) as saved:
        assert np.array_equal(np.asarray(saved), value.pixels)


# -- names from a language model, as one assignment


class Chat:
    """Plans one program, and knows three names."""

    name, sees, lanes, constrains = "toy", False, 1, ""
    model = Model("toy", "Apache-2.0")

    def complete(self, messages: Sequence[Message], **_: Any) -> Completion:
        names = "1. Merlot\n2. Port\n3. Cider"
        program = 'return tag(image, assign(objects(image), facts("three drinks", 3)))'
        return Completion(names if len(messages) == 1 else program, Usage(), "stop")


class Likeness(Backend):
    """Both things look like Port, the one on the right more so than like anything else."""

    name, serves = "likeness", ("match",)
    model = Model("toy", "Apache-2.0")

    def match(self, image: Region | Image, text: str) -> float:
        assert isinstance(image, Region)
        right = image.label == "bottle"
        return {"Port": 0.9 if right else 0.8, "Merlot": 0.7 if not right else 0.2}.get(text, 0.1)


def test_names_of_a_language_model_are_tagged_on_what_they_fit(tmp_path: Path) -> None:
    catalogue = Catalogue.of(visprog_tools)
    embedded = catalogue.toolset("embedded")
    serving = {name: made for name in embedded if (made := embedded.backend(name))}
    tools = Toolset([*catalogue.tools.values()], {**serving, "match": Likeness({})}, profile="toy")
    with Agent(ChatPlanner(Chat(), Prompts()), tools) as agent:
        answer = agent.ask(WINE, "Tag the drinks.")
    assert answer.status == "answered", answer.reason
    named: list[Any] = [step.value for step in answer.trace.steps if step.tool == "assign"]
    found: dict[str, Region] = {one.label: one for one in named[0]}
    assert set(found) == {"Port", "Merlot"}
    assert found["Merlot"].left < found["Port"].left
    told = " ".join(answer.notices)
    assert "no tool checked it" in told and "no thing is left for 'Cider'" in told
    assert isinstance(answer.value, Image)
    changed = (answer.value.pixels != found["Port"].image.pixels).any(axis=2)
    assert 0 < changed.mean() < 0.05
