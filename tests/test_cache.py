"""The cache: what keys a call, what is kept in memory and on disk, and what damage costs."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog.cachedir import cache_directory, size_text
from visprog.cli import main
from visprog.errors import SettingsError
from visprog.execution.cache import Cache, call_key
from visprog.execution.sources import code_of
from visprog.execution.store import Store
from visprog.settings import Settings
from visprog.tool import RULES, Backend, Model, Output, tool
from visprog.values import Depth, Image, Region, Unknown, Value, key

ROOT = Path(__file__).parents[1]
MODEL = Model("spotter", "Apache-2.0", "1")


def picture(side: int = 100, seed: int = 0) -> Image:
    pixels = np.random.default_rng(seed).integers(0, 255, (side, side, 3), dtype=np.uint8)
    return Image(pixels, f"picture {seed}")


def regions(image: Image, count: int = 3) -> list[Region]:
    return [Region(image, (0, 0, place + 1, 1), "cat", 0.5) for place in range(count)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path)
    yield made
    made.close()


def python(code: str, *args: object) -> subprocess.Popen[str]:
    """A process that runs code with our package, for what only another process shows."""
    command = [sys.executable, "-c", code, *map(str, args)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def finish(*processes: subprocess.Popen[str]) -> list[str]:
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return outputs


# -- keys

PLAIN = st.one_of(st.text(max_size=3), st.booleans(), st.integers(-3, 3), st.floats(-3, 3))
NESTED: st.SearchStrategy[Any] = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=2).map(tuple),
        st.dictionaries(st.text(max_size=2), inner, max_size=2),
        st.text(max_size=2).filter(bool).map(Unknown),
    ),
    max_leaves=6,
)


def exactly(value: Any) -> Any:
    """Equal for two values only if they are the same, types and all."""
    if isinstance(value, (list, tuple)):
        return type(value), [exactly(item) for item in value]
    if isinstance(value, dict):
        return dict, [(name, exactly(item)) for name, item in value.items()]
    return type(value), repr(value)


@given(NESTED, NESTED)
def test_values_have_equal_keys_only_if_they_are_the_same(one: Any, other: Any) -> None:
    assert (key(one) == key(other)) == (exactly(one) == exactly(other))


ARGS = st.dictionaries(st.text(max_size=2), NESTED, max_size=2)
CALLS = st.tuples(*[st.text(max_size=2)] * 5, ARGS, ARGS)


def key_of(call: tuple[str, str, str, str, str, dict[str, Any], dict[str, Any]]) -> str:
    name, backend, model, revision, code, args, parameters = call
    made = Model(model, "Apache-2.0", revision)
    return call_key(name, backend, made, args, code=code, parameters=parameters)


@given(CALLS, CALLS)
def test_calls_have_equal_keys_only_if_they_are_the_same(one: Any, other: Any) -> None:
    same = [
        exactly(c[:5]) + tuple(sorted(map(repr, map(exactly, c[5].items())))) for c in (one, other)
    ]
    also = [sorted(repr(exactly(item)) for item in c[6].items()) for c in (one, other)]
    assert (key_of(one) == key_of(other)) == (same[0] == same[1] and also[0] == also[1])


DISTINCT: tuple[Any, ...] = (
    1, True, 1.0, "1", [1], (1,), ["a", "b"], ["ab"], [["a"], "b"], [["a", "b"]], [], "", {},
    [[]], {"a": "b"}, ["a", ["b"]], {"a": ["b"]}, "a\0b", ["a\0b"], ["a", "\0b"], 2**70, -(2**70),
    10**5000, Unknown("1"), "s1:a", "\ud800", picture(2), picture(2).key, regions(picture(2))[0],
    Depth(picture(2), np.ones((2, 2), np.float32)),
    Depth(picture(2), np.ones((2, 2), np.float32), heuristic=True),
)  # fmt: skip


def test_values_that_look_alike_have_other_keys() -> None:
    assert len({key(value) for value in DISTINCT}) == len(DISTINCT)
    assert len({call_key("f", "b", MODEL, {"x": value}) for value in DISTINCT}) == len(DISTINCT)


def test_a_call_is_keyed_by_all_that_its_result_hangs_on() -> None:
    args: dict[str, Value] = {"image": picture(), "name": "dog"}
    other = Model("spotter", "Apache-2.0", "2")
    keys = [
        call_key("detect", "spotter", MODEL, args),
        call_key("detect", "spotter", other, args),
        call_key("detect", "another", MODEL, args),
        call_key("segment", "spotter", MODEL, args),
        call_key("detect", "spotter", MODEL, {**args, "name": "cat"}),
        call_key("detect", "spotter", MODEL, {**args, "image": picture(seed=1)}),
        call_key("detect", "spotter", MODEL, args, code="changed"),
        call_key("detect", "spotter", MODEL, args, parameters={"threshold": 0.5}),
        call_key("detect", "spotter", MODEL, {**args, "threshold": 0.5}),
    ]
    assert len(set(keys)) == len(keys)
    assert call_key("detect", "spotter", MODEL, dict(sorted(args.items(), reverse=True))) == keys[0]
    assert keys[0].startswith("detect:")


def test_keys_are_the_same_in_every_process() -> None:
    code = """
from visprog.execution.cache import call_key
from visprog.execution.sources import code_of
from visprog.tool import Model
from visprog_tools import NanoDet
args = {"x": [1, "a", {"b": (2.5, True)}]}
print(call_key("f", "b", Model("m", "l"), args, code=code_of(NanoDet)))
"""
    detector = importlib.import_module("visprog_tools").NanoDet
    args: dict[str, Value] = {"x": [1, "a", {"b": (2.5, True)}]}
    made = call_key("f", "b", Model("m", "l"), args, code=code_of(detector))
    assert finish(python(code)) == [f"{made}\n"]


# -- the code that made a result


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Imports a package of a name anew, from the folder `tmp_path`, as a new process would."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def load(name: str) -> ModuleType:
        from visprog.execution import sources

        for known in set(sys.modules) - before:
            del sys.modules[known]
        sources._hashes.clear()
        importlib.invalidate_caches()
        sys.dont_write_bytecode, kept = True, sys.dont_write_bytecode
        try:
            return importlib.import_module(name)
        finally:
            sys.dont_write_bytecode = kept

    yield load
    for known in set(sys.modules) - before:
        del sys.modules[known]


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".py").write_text(text, encoding="utf-8")


SPOTTER = "class Spotter:\n    def detect(self): return {}\n"


def test_a_change_anywhere_in_the_package_of_a_backend_changes_its_code(
    tmp_path: Path, load: Callable[[str], ModuleType]
) -> None:
    write(tmp_path, pack__init="", pack__deep__init="", pack__words="A = 1", other="")
    for folder in ("pack", "pack/deep"):
        (tmp_path / folder / "init.py").rename(tmp_path / folder / "__init__.py")
    write(tmp_path, pack__deep__spot=SPOTTER.format(1))
    first = code_of(load("pack.deep.spot").Spotter)
    assert code_of(load("pack.deep.spot").Spotter) == first
    write(tmp_path, other="B = 2")
    assert code_of(load("pack.deep.spot").Spotter) == first
    write(tmp_path, pack__words="A = 2")
    changed = code_of(load("pack.deep.spot").Spotter)
    assert changed != first
    (tmp_path / "pack" / "words.json").write_text("[]")
    assert code_of(load("pack.deep.spot").Spotter) not in (first, changed)


def test_a_change_of_a_module_or_of_a_base_class_elsewhere_changes_the_code(
    tmp_path: Path, load: Callable[[str], ModuleType]
) -> None:
    write(tmp_path, lone=SPOTTER.format(1), derived="from lone import Spotter\nclass D(Spotter): 5")
    first = code_of(load("lone").Spotter), code_of(load("derived").D)
    assert (code_of(load("lone").Spotter), code_of(load("derived").D)) == first
    write(tmp_path, lone=SPOTTER.format(20))
    second = code_of(load("lone").Spotter), code_of(load("derived").D)
    assert len({*first, *second}) == 4


def test_code_without_a_file_is_never_that_of_another_process() -> None:
    code = f"exec({SPOTTER.format(1)!r})\n" + (
        "from visprog.execution.sources import code_of\nprint(code_of(Spotter))\n"
        "assert code_of(Spotter) == code_of(Spotter)"
    )
    one, other = finish(python(code), python(code))
    assert one != other and "Spotter" in one
    names: dict[str, Any] = {"__name__": __name__}  # as if of this module
    exec(SPOTTER.format(1), names)
    first = names["Spotter"]
    exec(SPOTTER.format(2), names)
    assert code_of(first) != code_of(names["Spotter"])


def test_tools_and_backends_of_ours_have_a_code() -> None:
    tools = importlib.import_module("visprog_tools")
    assert code_of(tools.NanoDet) == code_of(tools.NanoDet)
    assert " " not in code_of(tools.count) and " " not in code_of(tools.NanoDet)

    @tool("measure", pure=True)
    def here(number: int) -> int:
        """This."""
        return number

    class Here(Backend):
        model = RULES

    assert code_of(here) == code_of(Here) and " " not in code_of(here)


# -- memory


def test_memory_forgets_what_was_not_used_for_longest() -> None:
    cache = Cache(3000)
    for name in ("a", "b"):
        cache.put(name, Output("x" * 900))
    cache.get("a")
    cache.put("c", Output("x" * 900))
    assert [cache.get(name) is not None for name in ("a", "b", "c")] == [True, False, True]
    assert cache.stats().bytes <= 3000 and cache.stats().entries == 2


def test_memory_counts_a_picture_that_many_results_hold_once() -> None:
    image = picture(100)
    cache = Cache(100_000)
    for number in range(30):
        cache.put(str(number), Output(regions(image, 1)))
    assert cache.stats().entries == 30
    assert image.pixels.nbytes < cache.stats().bytes < 100_000
    for number in range(30):  # the same again changes nothing
        cache.put(str(number), Output(regions(image, 1)))
    before = cache.stats().bytes
    assert cache.stats().entries == 30
    cache.put("other", Output(picture(150)))
    assert cache.stats().bytes <= 100_000 and before > 0
    for number in range(300):
        cache.put(f"small {number}", Output(number))
    assert cache.get("other") is None
    assert cache.stats().bytes < 100_000


def test_results_that_are_not_used_let_go_of_their_pictures() -> None:
    images = [picture(100, seed) for seed in range(20)]
    cache = Cache(10**6, pictures=100_000)
    for number, image in enumerate(images):
        cache.put(str(number), Output(regions(image, 3), ("a notice",)), {"image": image})
    assert cache.stats().entries == 20
    assert cache.stats().bytes < 150_000 < 20 * images[0].pixels.nbytes
    for number, image in enumerate(images):
        found = cache.get(str(number), {"image": image})
        assert found == Output(regions(image, 3), ("a notice",))
        assert found is not None and isinstance(found.value, list)
        assert found.value[0].image is image
    assert cache.stats().misses == 0
    large = picture(300)  # more than all pictures may take
    cache.put("large", Output(regions(large, 2)), {"image": large})
    assert cache.get("large", {"image": large}) == Output(regions(large, 2))
    cache.put("made", Output(large), {"image": images[0]})
    assert cache.get("made", {"image": images[0]}) is not None


def test_memory_counts_the_whole_picture_that_a_crop_keeps() -> None:
    whole = picture(200)
    cache = Cache(10**6)
    cache.put("crop", Output(Image(whole.pixels[:2, :2], "crop")))
    assert cache.stats().bytes > whole.pixels.nbytes


def test_peeking_counts_nothing_and_reads_no_disk(store: Store) -> None:
    Cache(store=store).put("a", Output(1))
    cache = Cache(store=store)
    assert cache.peek("a") is None
    cache.get("a")
    assert cache.peek("a") == Output(1)
    assert (cache.stats().hits, cache.stats().misses) == (0, 0)


def test_a_result_larger_than_memory_pushes_nothing_out() -> None:
    cache = Cache(50_000)
    cache.put("small", Output(1))
    cache.put("large", Output(picture(200)))
    assert cache.get("small") == Output(1) and cache.get("large") is None


def test_threads_share_a_cache() -> None:
    cache = Cache(20_000)

    def work(start: int) -> None:
        for number in range(2000):
            name = str((start + number) % 50)
            found = cache.get(name)
            assert found is None or found.value == name
            cache.put(name, Output(name))

    threads = [threading.Thread(target=work, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stats = cache.stats()
    assert 0 < stats.bytes <= 20_000 and stats.hits + stats.misses == 8000


# -- memory and disk together


def test_a_result_is_found_on_disk_with_its_notices_and_the_call_s_own_picture(
    tmp_path: Path,
) -> None:
    image = picture()
    args: dict[str, Value] = {"image": image, "name": "cat"}
    output = Output(regions(image), ("a heuristic",))
    with_store = Cache(store=Store(tmp_path))
    with_store.put("detect:1", output, args)
    assert with_store.get("detect:1", args) is output
    with_store.close()
    later = Cache(store=Store(tmp_path))
    found = later.get("detect:1", args)
    assert found == output and isinstance(found.value, list)
    assert found.value[0].image is image
    assert later.get("detect:1", args) is found  # memory has it now
    assert (later.stats().hits, later.stats().stored_hits, later.stats().misses) == (1, 1, 0)
    later.close()


def test_a_result_that_refers_to_other_pictures_than_the_call_has_is_made_again(
    store: Store,
) -> None:
    image = picture()
    Cache(store=store).put("detect:1", Output(regions(image)), {"image": image})
    assert Cache(store=store).get("detect:1", {"image": picture(seed=1)}) is None
    assert store.get("detect:1") is None and store.stats().corrupted == 1


def test_a_result_that_is_no_value_stays_in_memory(store: Store) -> None:
    cache = Cache(store=store)
    strange: Any = np.float32(1)
    (notice,) = cache.put("f:1", Output(strange))
    assert "a result of f is not kept on disk: numpy.float32 is no value" in notice
    assert cache.put("f:3", Output(strange)) == cache.put("f:2", Output(1.0)) == ()  # said already
    assert cache.get("f:1") is not None and cache.stats().unstored == 2
    assert store.stats().entries == 1


def test_stored_bytes_that_are_no_result_are_made_again(store: Store) -> None:
    from visprog.codec import encode

    store.put_many([("f:1", b"noise"), ("f:2", encode(5)), ("f:3", encode((5, (6,))))])
    cache = Cache(store=store)
    assert [cache.get(name) for name in ("f:1", "f:2", "f:3")] == [None, None, None]
    assert store.stats().corrupted == 3


# -- the store


def test_a_store_keeps_what_it_was_given(store: Store) -> None:
    store.put_many([("detect:1", b"one"), ("detect:2", b"two"), ("depth:1", b""), ("plain", b"p")])
    store.put_many([("detect:1", b"one again")])
    assert store.get("detect:1") == b"one again" and store.get("depth:1") == b""
    assert store.get("detect:3") is None
    stats = store.stats()
    assert (stats.entries, stats.hits, stats.misses, stats.corrupted) == (4, 2, 1, 0)
    assert {name: count for name, (count, _) in stats.tools.items()} == {
        "detect": 2,
        "depth": 1,
        "": 1,
    }
    assert stats.bytes == sum(size for _, size in stats.tools.values()) > 0
    assert store.notices == ()


def test_a_store_stays_under_its_bound_and_keeps_what_is_used(tmp_path: Path) -> None:
    store = Store(tmp_path, limit=100_000)
    store.put_many([("used", bytes(5000))])
    for number in range(200):
        store.put_many([(str(number), os.urandom(5000))])
        assert store.get("used") is not None
        assert store.stats().bytes <= 100_000
    assert store.get("199") is not None and store.get("0") is None
    store.put_many([("too large", bytes(200_000))])
    assert store.get("too large") is None and store.get("199") is not None
    assert store.path.stat().st_size < 400_000
    store.close()


def test_clearing_frees_the_disk(store: Store) -> None:
    store.put_many([(str(number), os.urandom(50_000)) for number in range(40)])
    before = store.clear()
    after = store.stats()
    assert before.entries == 40 and before.disk > 2_000_000
    assert (after.entries, after.bytes, after.hits) == (0, 0, 0) and after.disk < 100_000
    store.put_many([("a", b"b")])
    assert store.get("a") == b"b"


def test_counts_and_uses_outlive_a_process(tmp_path: Path) -> None:
    first = Store(tmp_path)
    first.put_many([("a", b"b")])
    first.get("a")
    first.get("c")
    first.close()
    second = Store(tmp_path)
    assert (second.stats().hits, second.stats().misses) == (1, 1)
    second.close()


def test_a_changed_byte_on_disk_is_noticed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    image = picture(40)
    cache = Cache(store=Store(tmp_path))
    cache.put_many([(f"crop:{n}", Output(picture(40, n)), {"image": image}) for n in range(5)])
    cache.close()
    (file,) = tmp_path.glob("*.sqlite")
    data = bytearray(file.read_bytes())
    place = data.find(picture(40, 3).pixels[0].tobytes())
    assert place > 0
    data[place + 7] ^= 4
    file.write_bytes(data)
    store = Store(tmp_path)
    later = Cache(store=store)
    found = [later.get(f"crop:{number}", {"image": image}) for number in range(5)]
    assert [output is not None for output in found] == [True, True, True, False, True]
    stats = store.stats()
    assert (stats.entries, stats.corrupted) == (4, 1)
    assert "damaged" in store.notices[0]
    assert later.put("crop:3", Output(picture(40, 3)), {"image": image}) == store.notices
    assert later.put("crop:5", Output(5), {"image": image}) == ()
    assert store.get("crop:3") is not None
    later.close()


def foreign(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE theirs (a)")
    database.commit()
    database.close()


def newer(path: Path) -> None:
    Store(path.parent).close()
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()


def damaged(path: Path) -> None:
    store = Store(path.parent)
    store.put_many([(str(number), os.urandom(3000)) for number in range(50)])
    store.close()
    data = bytearray(path.read_bytes())
    data[200:] = os.urandom(len(data) - 200)
    path.write_bytes(data)


@pytest.mark.parametrize(
    "spoil",
    [foreign, newer, damaged, lambda path: path.write_bytes(os.urandom(9000))],
    ids=["foreign", "newer", "damaged", "noise"],
)
def test_a_file_that_is_no_cache_is_set_aside_and_said(
    tmp_path: Path, spoil: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    path = Store(tmp_path / "other").path
    path = tmp_path / path.name
    spoil(path)
    spoilt = path.read_bytes()
    store = Store(tmp_path)
    store.put_many([("a", b"b")])
    store.put_many([("a", b"b")])  # where the first one found out
    assert store.get("a") == b"b"
    assert any("renamed to" in notice and str(path) in notice for notice in store.notices)
    assert "renamed to" in caplog.text
    (aside,) = tmp_path.glob("*.damaged")
    assert aside.read_bytes()[4096:] == spoilt[4096:]
    assert store.clear().entries == 1 and not aside.exists()
    store.close()


def test_a_file_that_is_spoilt_under_an_open_store_costs_results_only(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put_many([(str(number), os.urandom(3000)) for number in range(200)])
    store.close()
    store.get("1")
    with store.path.open("r+b") as file:
        file.seek(100)
        file.write(os.urandom(store.path.stat().st_size - 100))
    for number in range(200):
        assert store.get(str(number)) is None or number
    store.put_many([("a", b"b")])
    store.put_many([("a", b"b")])
    assert store.get("a") == b"b" and store.notices
    store.close()


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"file/cache: .*VISPROG_CACHE_DIR.*--no-cache"):
        Store(tmp_path / "file" / "cache")


def test_a_full_disk_costs_results_only(store: Store) -> None:
    store.put_many([("a", b"b")])
    pages = store._database.execute("PRAGMA page_count").fetchone()[0]
    store._database.execute(f"PRAGMA max_page_count = {pages}")  # as if the disk were full
    store.put_many([("c", bytes(10**6))])
    assert store.get("c") is None and store.get("a") == b"b"
    assert "cannot write the cache" in store.notices[0] and "full" in store.notices[0]


# -- other processes

WRITER = """
import sys
from pathlib import Path
from visprog.execution.store import Store
store = Store(Path(sys.argv[1]), limit=int(sys.argv[3]))
for number in range(int(sys.argv[4])):
    name = f"{sys.argv[2]}:{number}"
    store.put_many([(name, name.encode() * 200)])
    print(name, flush=True)
    store.get(f"f:{number}")
store.close()
assert not store.notices, store.notices
"""


def test_processes_write_at_once(tmp_path: Path) -> None:
    finish(*(python(WRITER, tmp_path, name, 10**9, 300) for name in ("f", "g", "h")))
    store = Store(tmp_path)
    for name in ("f", "g", "h"):
        for number in range(300):
            assert store.get(f"{name}:{number}") == f"{name}:{number}".encode() * 200
    assert store.stats().entries == 900 and store.notices == ()
    store.close()


def test_processes_keep_to_one_bound(tmp_path: Path) -> None:
    finish(*(python(WRITER, tmp_path, name, 50_000, 200) for name in ("f", "g")))
    store = Store(tmp_path, limit=50_000)
    stats = store.stats()
    assert 0 < stats.bytes <= 50_000
    assert stats.bytes == sum(size for _, size in stats.tools.values())
    store.close()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this platform has no SIGKILL")
def test_a_writer_that_is_killed_leaves_what_it_had_written(tmp_path: Path) -> None:
    for count in (1, 40, 80):
        writer = python(WRITER, tmp_path, "f", 10**9, 10**6)
        assert writer.stdout is not None
        written = [writer.stdout.readline().strip() for _ in range(count)]
        writer.send_signal(signal.SIGKILL)
        writer.communicate(timeout=60)
        store = Store(tmp_path)
        assert [store.get(name) for name in written] == [name.encode() * 200 for name in written]
        store.put_many([("after", b"1")])
        assert store.get("after") == b"1" and store.notices == ()
        database = sqlite3.connect(store.path)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        database.close()
        store.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_a_forked_process_has_its_own_connection(tmp_path: Path) -> None:
    code = """
import os, sys
from pathlib import Path
from visprog.execution.store import Store
store = Store(Path(sys.argv[1]))
store.put_many([("parent", b"1")])
child = os.fork()
store.put_many([("child" if child == 0 else "later", b"2")])
assert store.get("parent") == b"1"
if child:
    assert os.waitpid(child, 0)[1] == 0
    assert [store.get(name) for name in ("child", "later")] == [b"2", b"2"]
assert not store.notices
"""
    finish(python(code, tmp_path))


def test_another_process_finds_a_result(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
import numpy as np
from visprog.execution.cache import Cache, call_key
from visprog.execution.store import Store
from visprog.tool import Model, Output
from visprog.values import Image, Region
image = Image(np.arange(300, dtype=np.uint8).reshape(10, 10, 3), "picture")
args = {"image": image, "name": "cat"}
name = call_key("detect", "spotter", Model("m", "l", "1"), args)
cache = Cache(store=Store(Path(sys.argv[1])))
found = cache.get(name, args)
print(found and (found.value[0].label, found.value[0].image is image, found.notices))
cache.put(name, Output([Region(image, (0, 0, 5, 5), "cat")], ("note",)), args)
"""
    assert finish(python(code, tmp_path)) == ["None\n"]
    assert finish(python(code, tmp_path)) == ["('cat', True, ('note',))\n"]


# -- the command


def run(*words: str) -> int:
    return main(["cache", *words])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VISPROG_CACHE_DIR", str(tmp_path))
    return tmp_path


def fill(folder: Path, names: Sequence[str]) -> None:
    store = Store(folder)
    store.put_many([(name, os.urandom(5000)) for name in names])
    store.get(names[0])
    store.get("missing")
    store.close()


def test_stats_are_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(folder, ["detect:1", "detect:2", "depth:1"])
    assert run("stats") == 0
    shown = capsys.readouterr().out
    for text in (str(folder), "3 (15.6 kB of at most 2.1 GB)", "1 (50% of 2 asked for)", "detect"):
        assert text in shown
    assert run("stats", "--json") == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["entries"], made["hits"], made["misses"]) == (3, 1, 1)
    assert made["tools"]["detect"] == {"entries": 2, "bytes": 10_400}


def test_clearing_says_what_it_freed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(folder, [f"detect:{number}" for number in range(100)])
    assert run("clear") == 0
    assert capsys.readouterr().out.startswith("100 results deleted, 5")
    assert run("clear", "--json") == 0
    assert json.loads(capsys.readouterr().out)["entries"] == 0


def test_a_damaged_cache_is_said_on_the_way(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(folder, ["detect:1"])
    (file,) = folder.glob("*.sqlite")
    file.write_bytes(b"noise" * 999)
    assert run("stats") == 0
    assert "renamed to" in capsys.readouterr().err


def test_a_folder_of_no_use_is_wrong_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VISPROG_CACHE_DIR", str(tmp_path / "file"))
    assert run("stats", "--json") == 2
    assert "--no-cache" in capsys.readouterr().err


def test_the_folder_is_chosen_or_the_platform_s(tmp_path: Path) -> None:
    chosen = Settings.of({"VISPROG_CACHE_DIR": str(tmp_path)})
    assert cache_directory(chosen) == tmp_path
    assert cache_directory(Settings.of({})).parts[-1] in ("visprog", "Cache")


def test_sizes_are_in_words() -> None:
    sizes = (0, 999, 1000, 12_345_678, 2 * 10**12)
    assert [size_text(size) for size in sizes] == [
        "0 bytes", "999 bytes", "1.0 kB", "12.3 MB", "2000.0 GB",
    ]  # fmt: skip
