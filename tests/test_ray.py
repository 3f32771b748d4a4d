"""Batches on the workers of a Ray cluster of this machine."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from tests import fake_tools, mortal_tools
from visprog.agent import Agent
from visprog.errors import ToolError, ToolTimeout
from visprog.eval.answering import Answering
from visprog.eval.questions import load_questions
from visprog.eval.runner import Evaluation, evaluate
from visprog.execution import Ended, Engine, Runner, Step, run
from visprog.lang import check, parse
from visprog.scale import RayRunner
from visprog.tool import Catalogue, Model, Toolset
from visprog.values import Image
from visprog.videos import load

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed"
)
INIT = {"num_cpus": 2, "object_store_memory": 128 * 2**20}
SHADES = np.random.default_rng(0).integers(0, 255, (6, 200, 300, 3), np.uint8)
ASTRONAUT = Path(__file__).parents[1] / "examples" / "astronaut.jpg"
PICTURES = [Image(pixels, str(place)) for place, pixels in enumerate(SHADES)]


@pytest.fixture(scope="module")
def runner() -> Iterator[RayRunner]:
    """Open as long as the tests last, and so is the one Ray that all their runners use."""
    made = RayRunner(init=INIT)
    yield made
    made.close()


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Toolset:
    return toolset(tmp_path_factory.mktemp("mortal") / "marker")


def toolset(marker: Path | str = "none") -> Toolset:
    return Catalogue.of(mortal_tools).toolset("mortal", {"marker": str(marker)})


def drive(engine: Engine, *programs: str) -> tuple[list[Ended], list[Step]]:
    """The ends of programs over pictures of their own, and their steps, in the programs' order."""
    runs = {}
    for place, text in enumerate(programs):
        program = parse(text)
        check(program, engine.tools, {"image": Image})
        inputs: Mapping[str, Any] = {"image": PICTURES[place % len(PICTURES)]}
        runs[place] = run(program, engine.tools, inputs)
    ends: dict[int, Ended] = {}
    steps: list[tuple[int, Step]] = []
    for place, event in engine.drive(runs):
        if isinstance(event, Ended):
            ends[place] = event
        else:
            steps.append((place, event))
    ordered = sorted(steps, key=lambda told: (told[0], told[1].request.order))
    return [ends[place] for place in range(len(programs))], [step for _, step in ordered]


def tell(name: str) -> str:
    return f'return tell(image, "{name}")'


# -- the same as here


def test_programs_have_the_same_outcomes_as_here_in_as_full_batches(runner: Runner) -> None:
    names = ["cat", "note", "unicorn", "nothing", "hostile", "dog", "cow", "cat"] * 3
    programs = [f'return tally(spot(image, "{name}"))' for name in names]
    programs += [f'return weigh(image, "{name}")' for name in (*fake_tools.Scale.results, "a")]
    programs += ['return weigh(image, "refused")', 'return weigh(image, "defect")']
    told, launches = [], []
    for where in (None, runner):
        engine = Engine(Catalogue.of(fake_tools).toolset("fake"), runner=where)
        ends, steps = drive(engine, *programs)
        results = [(step.value, step.error, step.notices, step.cached) for step in steps]
        outcomes = [(end.value, type(end.error), str(end.error)) for end in ends]
        told.append((outcomes, results, engine.stats.ran))
        launches.append(engine.stats.launches.total())
    assert told[0] == told[1]
    assert launches[1] <= launches[0]


def test_results_hold_the_very_pictures_of_their_calls(runner: Runner, mortal: Toolset) -> None:
    engine = Engine(mortal, runner=runner)
    text = 'whole = outline(image, "all")\nfar = reach(whole)\nreturn whole'
    (end, _), steps = drive(engine, text, text)
    assert end.value.image is PICTURES[0]  # type: ignore[union-attr]
    assert end.value.mask.all()  # type: ignore[union-attr]
    assert steps[0].notices == ("all of it",)
    assert steps[1].value.image is PICTURES[0]  # type: ignore[union-attr]
    assert not steps[1].value.depth.flags.writeable  # type: ignore[union-attr]


def test_batches_go_to_all_workers(runner: Runner, mortal: Toolset) -> None:
    engine = Engine(mortal, runner=runner)
    backend = mortal.backends("tell")[0]
    runner.ready(backend)
    assert runner.lanes(backend) == 2
    ends, _ = drive(engine, *[tell("process")] * 24)
    values = {end.value for end in ends}
    assert str(os.getpid()) not in values
    assert engine.stats.launches["tell"] == 2  # six pictures, four calls a batch


def test_a_backend_that_works_elsewhere_already_is_run_here(runner: Runner) -> None:
    mortal = toolset()
    mortal.backends("tell")[0].device = "remote"
    ends, _ = drive(Engine(mortal, runner=runner), tell("process"))
    assert ends[0].value == str(os.getpid())


VIDEO = """
people = [count(detect(frame, "person")) for frame in frames(video, 3)]
path = track(video, largest(objects(image)))
return f"{sum(people)} {direction(path)} {speed(path)} {when(video, 'there is a person')}"
"""


def test_a_video_stays_here_and_its_frames_travel(runner: Runner, tmp_path: Path) -> None:
    with PillowImage.open(ASTRONAUT) as opened:
        shown = opened.convert("RGB").resize((256, 256))
    for place in range(5):
        shown.transform((256, 256), PillowImage.Transform.AFFINE, (1, 0, -4 * place, 0, 1, 0)).save(
            tmp_path / f"{place}.png"
        )
    told = []
    for where in (None, RayRunner(init=INIT)):  # which the agent closes
        with Agent(tools="embedded", runner=where) as agent:
            answer = agent.run(VIDEO, load(tmp_path, fps=5))
        told.append((answer.status, answer.reason, answer.value, answer.notices))
    assert told[0] == told[1]
    assert told[0][0] == "answered" and "right" in str(told[0][2])


# -- what goes wrong


def test_a_worker_that_dies_loses_nothing(runner: Runner, mortal: Toolset) -> None:
    engine = Engine(mortal, runner=runner)
    names = ["a", "b", "once", *"cdefghi"]
    ends, steps = drive(engine, *map(tell, names))
    assert [end.value for end in ends] == [
        f"{name} of {place % 6}" for place, name in enumerate(names)
    ]
    assert engine.stats.retries == 1
    told = [step for step in steps if step.notices]
    assert 1 <= len(told) <= 4  # those of its batch
    assert told[0].notices[0].startswith("a worker of mortal died at this step: ")


def test_a_worker_that_is_killed_between_batches_is_replaced(
    runner: Runner, mortal: Toolset
) -> None:
    engine = Engine(mortal, runner=runner)
    ends, _ = drive(engine, *[tell("process")] * 6)
    for pid in {end.value for end in ends}:
        os.kill(int(str(pid)), signal.SIGKILL)
    ends, _ = drive(engine, *map(tell, "abcdefgh"))
    assert [end.value for end in ends][:2] == ["a of 0", "b of 1"]
    assert all(end.error is None for end in ends)
    assert engine.stats.retries >= 1


def test_a_call_that_no_worker_can_bear_fails_alone(runner: Runner, mortal: Toolset) -> None:
    engine = Engine(mortal, runner=runner)
    ends, steps = drive(engine, tell("a"), tell("poison"), tell("b"), tell("refused"))
    assert [end.value for end in ends] == ["a of 0", None, "b of 2", None]
    assert str(ends[1].error) == "line 1: tell: a worker of mortal died each time"
    assert str(ends[3].error) == "line 1: I will not"
    assert engine.stats.retries >= 4
    assert all(step.notices for step in steps)


def test_a_backend_that_always_dies_is_out_of_service(runner: Runner, mortal: Toolset) -> None:
    engine = Engine(mortal, runner=runner)
    programs = [f'return foretell(image, "{name}")' for name in "abcdefgh"]
    ends, _ = drive(engine, *programs, tell("fine"))
    assert ends[-1].value == "fine of 2"
    assert all(isinstance(end.error, ToolError) for end in ends[:-1])
    assert "doomed is out of service: 6 of its workers died in a row" in str(ends[-2].error)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("exit", "tell failed in mortal: SystemExit: I leave"),
        ("unsendable", "tell failed in mortal: "),
    ],
)
def test_a_defect_of_a_backend_is_an_error_of_its_call(
    runner: Runner, mortal: Toolset, name: str, message: str
) -> None:
    ends, _ = drive(Engine(mortal, runner=runner), tell("a"), tell(name), tell("b"))
    assert [end.value for end in ends] == ["a of 0", None, "b of 2"]
    assert str(ends[1].error).startswith(f"line 1: {message}")


def test_absent_weights_are_told_as_here(runner: Runner, mortal: Toolset) -> None:
    engine = Engine(mortal, runner=runner)
    for _ in range(2):
        (end,), _ = drive(engine, 'return recall(image, "it")')
        assert str(end.error) == "line 1: the weights are absent; get them"


def test_a_worker_that_hangs_is_replaced(runner: Runner, mortal: Toolset) -> None:
    mortal.backends("tell")[0].deadline = 1.0
    engine = Engine(mortal, runner=runner)
    ends, _ = drive(engine, tell("hang"))
    assert isinstance(ends[0].error, ToolTimeout)
    assert str(ends[0].error) == "line 1: tell: no answer from mortal within 1 seconds"
    mortal.backends("tell")[0].deadline = 60.0
    ends, _ = drive(engine, *map(tell, "abcdefgh"))
    assert all(end.error is None for end in ends)


def test_other_weights_on_the_workers_are_refused(runner: Runner) -> None:
    mortal = toolset()
    mortal.backends("tell")[0].model = Model("another", "Apache-2.0")
    (end,), _ = drive(Engine(mortal, runner=runner), tell("a"))
    assert "the workers have another model of mortal than this machine" in str(end.error)


def test_a_closed_runner_runs_nothing(runner: Runner, mortal: Toolset) -> None:
    closed = RayRunner(init=INIT)
    closed.close()
    closed.close()
    (end,), _ = drive(Engine(mortal, runner=closed), tell("a"))
    assert str(end.error) == "line 1: the engine was closed"


def test_a_backend_that_finds_no_room_says_what_it_asked_for(runner: Runner) -> None:
    tools = toolset()
    tools.backends("tell")[0].gpus = 0.5
    small = RayRunner(workers=1, init=INIT, start_seconds=1.0)
    (end,), _ = drive(Engine(tools, runner=small), tell("a"))
    assert "no worker of mortal could start within 1 seconds" in str(end.error)
    assert "'num_gpus': 0.5" in str(end.error)
    small.close()


# -- evaluation, agents, the session


def test_evaluation_and_batches_are_unchanged(runner: Runner, tmp_path: Path) -> None:
    box = {"x": 1, "y": 1, "w": 9, "h": 9, "attributes": ["brown"], "relations": []}
    dog, cat = ({"name": name, **box} for name in ("dog", "cat"))
    graphs = {str(n): {"width": 20, "height": 20, "objects": {"1": dog, "2": cat}} for n in (1, 2)}
    asked = {}
    for place, name in enumerate(("dog", "cat", "cow", "dog")):
        semantic = [
            {"operation": "select", "argument": f"{name} (1)", "dependencies": []},
            {"operation": "exist", "argument": "?", "dependencies": [0]},
        ]
        asked[str(place)] = {
            "imageId": str(1 + place % 2),
            "question": f"Is there a {name}?",
            "answer": "no" if name == "cow" else "yes",
            "isBalanced": True,
            "types": {"detailed": "exist"},
            "semantic": semantic,
        }
    for name, content in (("graphs.json", graphs), ("questions.json", asked)):
        (tmp_path / name).write_text(json.dumps(content))
    for name in ("1", "2"):
        PillowImage.new("RGB", (20, 20)).save(tmp_path / f"{name}.jpg")
    by = Answering(
        planner="reference",
        tools="oracle",
        images=tmp_path,
        scene_graphs=tmp_path / "graphs.json",
        settings={"runner": RayRunner(workers=1, init=INIT)},
    )
    what = Evaluation("gqa", load_questions(tmp_path / "questions.json"), by, only=("guess",))
    report = evaluate(what, tmp_path / "out")
    assert report["metrics"]["accuracy"] == 1.0
    tools = Catalogue.of(fake_tools).toolset("fake")
    with Agent(tools=tools, runner=RayRunner(workers=1, init=INIT)) as agent:
        questions = [(PICTURES[0], "?", 'return tally(spot(image, "cat"))')] * 20
        assert [answer.value for answer in agent.batch(questions)] == [2] * 20


def test_another_ray_in_this_process_is_refused(runner: Runner, mortal: Toolset) -> None:
    other = RayRunner("127.0.0.1:1", init=INIT)
    (end,), _ = drive(Engine(mortal, runner=other), tell("a"))
    assert "a Ray with other settings runs in this process" in str(end.error)
    other.close()


ABSENT = """
from tests.test_ray import drive, tell, toolset
from visprog.execution import Engine
from visprog.scale import RayRunner
(end, *_), _ = drive(Engine(toolset(), runner=RayRunner("127.0.0.1:1")), tell("a"), tell("b"))
print(end.error)
"""


def test_a_cluster_that_is_not_there_is_told_at_once() -> None:
    told = subprocess.run(
        [sys.executable, "-c", ABSENT], capture_output=True, text=True, check=True
    )
    assert told.stdout.startswith("line 1: no Ray at 127.0.0.1:1: ")


STOPPED = """
import sys
from tests import mortal_tools
from tests.test_ray import INIT, drive, tell
from visprog.execution import Engine
from visprog.scale import RayRunner
from visprog.tool import Catalogue
tools = Catalogue.of(mortal_tools).toolset("mortal")
engine = Engine(tools, runner=RayRunner(workers=1, init=INIT))
try:
    print(drive(engine, tell("a"))[0][0].value, flush=True)
    from ray._private.worker import global_worker
    print(global_worker.node.address_info["node_ip_address"], flush=True)
    drive(engine, tell("hang"))
except KeyboardInterrupt:
    print("stopped", flush=True)
finally:
    engine.close()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_ctrl_c_leaves_no_processes() -> None:
    started = subprocess.Popen(
        [sys.executable, "-c", STOPPED], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert started.stdout is not None
    with started, started.stdout as said:
        assert [said.readline(), said.readline()] == ["a of 0\n", "127.0.0.1\n"]
        time.sleep(0.2)
        family = descendants(started.pid)
        os.killpg(started.pid, signal.SIGINT)
        assert said.read() == "stopped\n"
    assert started.returncode == 0
    assert len(family) > 3
    for _ in range(50):
        if not (left := [pid for pid in family if os.path.exists(f"/proc/{pid}")]):
            break
        time.sleep(0.1)
    assert not left


def descendants(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    return [*children, *(grand for child in children for grand in descendants(child))]
