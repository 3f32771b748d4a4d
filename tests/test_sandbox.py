"""Nothing gets out of a worker process."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.hostile_images import CASES
from tests.isolated import TOOLS, attempt, has, value_of
from visprog.errors import ImageError
from visprog.isolation import Isolation, landlock, seccomp
from visprog.values import Image


@pytest.fixture(scope="module")
def isolation() -> Iterator[Isolation]:
    with Isolation(TOOLS, workers=2) as made:
        yield made


@pytest.mark.parametrize("what", ["read", "write", "list", "pair", "pipe", "descriptors"])
def test_nothing_can_be_opened(isolation: Isolation, what: str) -> None:
    told = attempt(isolation, what)
    if has(isolation, "seccomp") or has(isolation, "landlock"):
        assert re.search("PermissionError|Operation not permitted|Bad file|Too many open", told)
    else:
        assert re.search("Too many open files|Bad file descriptor", told)
    assert not os.path.exists("/tmp/visprog-was-here")


@pytest.mark.parametrize("what", ["stat", "connect", "fork", "thread", "code"])
def test_system_calls_are_refused(isolation: Isolation, what: str) -> None:
    if has(isolation, "seccomp"):
        assert re.search("PermissionError|can't start new thread", attempt(isolation, what))
    else:
        reported = [layer.note for layer in isolation.layers if layer.name == "seccomp"]
        assert reported and reported[0]


@pytest.mark.parametrize("what", ["exec", "kill"])
def test_breaking_out_ends_the_worker(isolation: Isolation, what: str) -> None:
    if has(isolation, "seccomp"):
        assert "system call that no worker may make" in attempt(isolation, what)
        assert value_of(isolation, "return 1") == 1
    else:
        assert next(layer.note for layer in isolation.layers if layer.name == "seccomp")


def test_memory_is_bounded(isolation: Isolation) -> None:
    assert has(isolation, "memory") == (sys.platform == "linux")
    if has(isolation, "memory"):
        assert "MemoryError" in attempt(isolation, "memory")
    assert value_of(isolation, "return 1") == 1


def test_a_decoder_without_memory_fails_its_picture() -> None:
    with Isolation(TOOLS, memory=24 << 20) as isolated:
        large = next(case for case in CASES if case.name == "PNG").make()
        assert isinstance(isolated.load(large), Image)
        if has(isolated, "memory"):
            from PIL import Image as pil

            held = io.BytesIO()
            pil.new("RGB", (6000, 5000)).save(held, "PNG")
            with pytest.raises(ImageError, match="more than 25 MB of memory"):
                isolated.load(held.getvalue())
        assert isinstance(isolated.load(large), Image)


def test_workers_have_no_secrets(isolation: Isolation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "secret")
    with Isolation(TOOLS, workers=1) as isolated:
        assert "KEY" not in value_of(isolated, 'return attempt("environment")')


def test_each_layer_says_what_it_holds_or_why_it_is_absent(isolation: Isolation) -> None:
    found = {layer.name: layer for layer in isolation.layers}
    assert found.keys() >= {"memory", "processor time", "open files", "landlock", "seccomp"}
    assert all(layer.note for layer in found.values())
    assert found["landlock"].active == (landlock.abi() > 0)
    assert found["seccomp"].active == (not seccomp.absent())
    assert ("absent" in str(found["seccomp"])) != found["seccomp"].active


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_decides_by_call_and_machine(machine: str) -> None:
    column, arch = seccomp.MACHINES[machine]
    rules = seccomp.rules(machine)

    def verdict(number: int, *args: int, arch: int = arch) -> int:
        memory = {0: number, 4: arch} | {16 + 8 * place: arg for place, arg in enumerate(args)}
        held, place = 0, 0
        while True:
            code, yes, no, constant = rules[place]
            place += 1
            if code == seccomp.RETURN:
                return constant
            if code == seccomp.LOAD:
                held = memory.get(constant, 0)
                continue
            taken = {
                seccomp.EQUAL: held == constant,
                seccomp.AT_LEAST: held >= constant,
                seccomp.ANY_BIT: bool(held & constant),
            }[code]
            place += yes if taken else no

    for calls, wanted in (
        (seccomp.ALLOWED, seccomp.RET_ALLOW),
        (seccomp.FATAL, seccomp.RET_KILL),
    ):
        for numbers in calls.values():
            if numbers[column] is not None:
                assert verdict(numbers[column] or 0) == wanted
                assert verdict(numbers[column] or 0, arch=1) == seccomp.RET_KILL
    for numbers in seccomp.NEVER_CODE.values():
        assert verdict(numbers[column], 0, 0, 3) == seccomp.RET_ALLOW
        assert verdict(numbers[column], 0, 0, 7) == seccomp.RET_EPERM
    openat, clone, socket_call = {"x86_64": (257, 56, 41), "aarch64": (56, 220, 198)}[machine]
    for number in (openat, clone, socket_call, 9999):
        assert verdict(number) == seccomp.RET_EPERM
    assert verdict(seccomp.X32 | 1) == seccomp.RET_KILL


CONFINED = """
import sys
sys.path[:0] = {path}
from visprog.isolation import landlock, sandbox, seccomp
if "landlock" not in {layers}:
    landlock.abi = lambda: 0
if "seccomp" not in {layers}:
    seccomp.absent = lambda: "not wanted"
told = sandbox.enter(1 << 30, 9, 64)
print(*told, sep="; ")
try:
    open("/etc/hosts")
except OSError as error:
    print(type(error).__name__)
else:
    print("opened")
"""


@pytest.mark.parametrize("layers", [["landlock"], ["seccomp"], []])
def test_each_layer_holds_alone_and_its_absence_is_told(layers: list[str]) -> None:
    code = CONFINED.format(path=sys.path, layers=layers)
    run = [sys.executable, "-c", code]
    told, outcome = subprocess.run(run, capture_output=True, text=True).stdout.splitlines()
    lacking = {"landlock": landlock.abi() == 0, "seccomp": bool(seccomp.absent())}
    active = [layer for layer in layers if not lacking[layer]]
    for layer in lacking:
        assert (f"{layer}: absent: " in told) == (layer not in active)
    assert outcome == ("PermissionError" if active else "opened")
