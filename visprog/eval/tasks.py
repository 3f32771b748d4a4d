"""The tasks of `visprog eval`, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from visprog.eval import splits
from visprog.eval.formats import clevr, custom, nlvr2, omni3d, refcoco, vsr, whatsup
from visprog.eval.questions import Question, load_questions


@dataclass(frozen=True)
class Task:
    """`load`: reads its questions; `about`: what it measures; `told`: whether the questions tell
    their split."""

    name: str
    about: str
    load: Callable[..., list[Question]]
    told: bool = False

    def read(
        self, questions: Path, images: Path, split: str = "", limit: int | None = None
    ) -> tuple[list[Question], Path]:
        """The questions of a split, at most `limit`, and the folder of their pictures.

        Raises:
            SettingsError: there are none in the task's form, or none of that split.
        """
        path, pictures = splits.parts(questions, images, split, told=self.told)
        if not (split and self.told):
            return self.load(path, limit), pictures
        named = path != questions or path.is_file()
        return splits.only(self.load(path), split, named=named)[:limit], pictures


TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        Task("gqa", "questions in GQA's form, by its official metrics", load_questions),
        Task("spatial", "spatial questions in GQA's form, with numbers and boxes", load_questions),
        Task("nlvr2", "statements about two pictures", nlvr2.load),
        Task("vsr", "statements of visual spatial reasoning", vsr.load),
        Task("refcoco", "expressions that refer to things, by boxes", refcoco.load, told=True),
        Task("whatsup", "captions that differ in a preposition", whatsup.load),
        Task("clevr", "questions about rendered scenes", clevr.load),
        Task("omni3d", "questions in three dimensions, with numbers", omni3d.load),
        Task("custom", "rows of question, image and answer of one's own", custom.load),
    )
}
