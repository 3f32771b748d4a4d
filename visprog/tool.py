"""What a tool is, what a backend is, and how a profile joins them.

A tool is a typed function under `@tool`: its signature and docstring are all that a program and a
planner know of it. A backend is a class that does the work of one or more tools with one model. A
profile says which backend serves which tool. All three come from the modules that installed
packages name under the entry point group `visprog.tools`; our own come by the same door.
"""

from __future__ import annotations

import inspect
import threading
from abc import ABC
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import (
    Annotated,
    Any,
    ClassVar,
    ParamSpec,
    Protocol,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

from visprog.errors import SettingsError, ToolError, VisprogError
from visprog.mixes import flat
from visprog.values import Value

P = ParamSpec("P")
R = TypeVar("R")

GROUP = "visprog.tools"


@dataclass(frozen=True)
class Words:
    """On a text parameter: the texts that a planner may write there.

    `words`: always allowed; `spans`: whether spans of the question are allowed too; `clauses`:
    longer ones, which may be clauses ("the man sits down").
    A program by hand may write any text: this guides planners, it does not check.
    """

    words: tuple[str, ...] = ()
    spans: bool = True
    clauses: bool = False


@dataclass(frozen=True)
class Param:
    """One parameter of a tool. `kind`: its Python annotation; `words`: for text only."""

    name: str
    kind: Any
    words: Words = Words()


@dataclass(frozen=True)
class ToolSpec:
    """How a program sees a tool. `pure`: `func` itself does the work, no backend is needed."""

    name: str
    params: tuple[Param, ...]
    returns: Any
    doc: str
    family: str
    pure: bool
    func: Callable[..., Any]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the parameters, in order."""
        return tuple(param.name for param in self.params)

    @cached_property
    def signature(self) -> str:
        params = ", ".join(f"{p.name}: {kind_name(p.kind)}" for p in self.params)
        return f"{self.name}({params}) -> {kind_name(self.returns)}"


def kind_name(kind: Any) -> str:
    """An annotation as people write it: `list[Region]`, `Region | Image`, `Metres`."""
    if get_origin(kind) is not None or not hasattr(kind, "__name__"):
        arguments = [kind_name(arg) for arg in get_args(kind)]
        if get_origin(kind) in (list, dict):
            return f"{get_origin(kind).__name__}[{', '.join(arguments)}]"
        return " | ".join(arguments)
    return str(kind.__name__)


def tool(family: str, *, pure: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a typed function as a tool of a family. It stays an ordinary function.

    `pure` tools do the work in their own body; the body of any other is `raise NotImplementedError`
    and a backend does the work.
    """

    def mark(func: Callable[P, R]) -> Callable[P, R]:
        hints = get_type_hints(func, include_extras=True)
        returns = hints.pop("return")
        params = tuple(_param(name, hint) for name, hint in hints.items())
        doc = inspect.getdoc(func) or ""
        spec = ToolSpec(func.__name__, params, returns, doc, family, pure, func)
        func.__visprog_tool__ = spec  # type: ignore[attr-defined]
        return func

    return mark


def _param(name: str, hint: Any) -> Param:
    if get_origin(hint) is list:  # a list of texts may have words too
        inner = _param(name, get_args(hint)[0])
        return Param(name, list[inner.kind], inner.words)  # type: ignore[name-defined]
    if get_origin(hint) is Annotated:
        kind, *marks = get_args(hint)
        return Param(name, kind, next((m for m in marks if isinstance(m, Words)), Words()))
    return Param(name, hint)


@dataclass(frozen=True)
class Model:
    """What did the work of a step. `kind`: weights, heuristic, rules or annotations; `dtype` and
    `device`: what it computed in and on, where its results hang on that."""

    id: str
    licence: str
    revision: str = ""
    kind: str = "weights"
    dtype: str = ""
    device: str = ""


RULES = Model("rules of visprog", "Apache-2.0", kind="rules")


@dataclass(frozen=True)
class Output:
    """What a backend gives back for one call; `notices` reach the trace and the answer."""

    value: Value
    notices: tuple[str, ...] = ()


class Backend(ABC):
    """Does the work of the tools in `serves` with one model.

    For each served tool a subclass has a method of that name and signature, which returns the
    value, an `Unknown`, or an `Output` with notices. One that can batch overrides `run` instead.
    """

    name: ClassVar[str]
    serves: ClassVar[tuple[str, ...]]
    uses: ClassVar[tuple[str, ...]] = ()  # tools whose backends it asks itself; see `helpers`
    consults: ClassVar[bool] = False  # whether it asks the language model that plans: `consult`
    model: Model
    batch: int = 1  # the most calls `run` takes at once
    device: str = "cpu"  # what it computes on; "remote": somewhere else, without a bound
    lanes: int = 1  # how many batches may run at once; more than 1 wants a `run` for threads
    deadline: float = 120.0  # seconds that one batch may take
    gpus: float = 0.0  # cards, or the part of one, that a worker of it takes on a cluster
    replica: int = 0  # its place among its replicas

    def __init__(self, options: Mapping[str, str]) -> None:
        """`options`: settings of the run that backends may read, such as `scene_graphs`."""
        self.options = dict(options)
        self.helpers: Mapping[str, Backend] = {}  # by tool, of `uses` what the toolset serves
        self.consult: Callable[[str], str] | None = None  # of `consults`; SettingsError: there is
        self.consulted = ""  # none that answers questions. The name of the planner it belongs to
        self._load_lock = threading.Lock()
        self._loaded = False

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy, in another process too, is made anew from the options and loads for itself."""
        helpers = dict(self.helpers)
        return _made_anew, (type(self), self.options, self.replica, helpers)

    @classmethod
    def replicas(cls, options: Mapping[str, str]) -> Sequence[Backend]:
        """The backends of this class that serve together, such as one for each device."""
        return [cls(options)]

    @property
    def parameters(self) -> Mapping[str, Value]:
        """What the results hang on besides the model and the arguments, such as a threshold that
        may be set or the hash of a file that they come from; it keys the cache."""
        return {}

    def load(self) -> None:  # noqa: B027 - most backends have nothing to load
        """Read the weights. Called once, before the first run.

        Raises:
            WeightsError: the weights are absent or damaged.
        """

    def ready(self) -> None:
        """Load if nobody has yet."""
        with self._load_lock:
            if not self._loaded:
                self.load()
                self._loaded = True

    def run(self, tool: str, calls: Sequence[Mapping[str, Any]]) -> list[Output | VisprogError]:
        """The results of calls of one tool, in order; an error fails its own call only."""
        work = getattr(self, tool)
        results: list[Output | VisprogError] = []
        for call in calls:
            try:
                made = work(**call)
                results.append(made if isinstance(made, Output) else Output(made))
            except VisprogError as error:
                results.append(error)
            except Exception as error:  # a defect of the backend: its caller's error, with its name
                results.append(ToolError.of(f"{tool} failed in {self.name}", error))
        return results


def _made_anew(
    kind: type[Backend],
    options: Mapping[str, str],
    replica: int,
    helpers: Mapping[str, Backend],
) -> Backend:
    made = kind.replicas(options)
    one = made[replica if replica < len(made) else 0]  # a worker may see one card of many
    one.helpers = helpers
    return one


def _help(backend: Backend, serving: Mapping[str, Sequence[Backend]]) -> None:
    """Give a backend those that it asks. It takes turns with them, on their device."""
    if backend.uses:
        backend.helpers = {name: serving[name][0] for name in backend.uses if name in serving}
        devices = {helper.device for helper in backend.helpers.values()}
        backend.device = next((name for name in devices if name != "cpu"), backend.device)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


class Weights(Protocol):
    """Weights that a package offers, as `visprog models` shows them. `size`: bytes; `bundled`:
    whether they come with the package, else they are fetched by `pull`."""

    @property
    def bundled(self) -> bool: ...
    @property
    def id(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def revision(self) -> str: ...
    @property
    def licence(self) -> str: ...
    @property
    def size(self) -> int: ...

    def where(self) -> Path:
        """The file or folder, its size checked. Raises WeightsError."""

    def verify(self) -> Path:
        """The file or folder, its hashes checked. Raises WeightsError."""

    def pull(self) -> Path:
        """The file or folder, fetched if it is not there. Raises WeightsError."""


class Toolset(Mapping[str, ToolSpec]):
    """The tools of one profile, by name, and the backend that serves each."""

    def __init__(
        self,
        specs: Sequence[ToolSpec],
        serving: Mapping[str, Backend | Sequence[Backend]],
        *,
        profile: str = "",
    ) -> None:
        """`serving`: the backend of each tool that has one, or its replicas, such as one a device;
        a tool that is not pure and has none is left out, and remembered in `unserved`."""
        self.profile = profile
        self._serving = {
            name: (made,) if isinstance(made, Backend) else tuple(made)
            for name, made in serving.items()
        }
        for backend in {id(one): one for made in self._serving.values() for one in made}.values():
            _help(backend, self._serving)
        self._specs = {  # a backend may do the work of a tool that could do its own
            s.name: replace(s, pure=False) if s.name in serving else s
            for s in specs
            if s.pure or s.name in serving
        }
        self.unserved = {s.name: s for s in specs if s.name not in self._specs}

    @classmethod
    def of(cls, *modules: ModuleType) -> Toolset:
        """The pure tools that these modules hold; for tests and examples."""
        return Catalogue.of(*modules).toolset("")

    def plus(self, specs: Sequence[ToolSpec]) -> Toolset:
        """The same with more words, which do their own work."""
        return Toolset([*self._specs.values(), *specs], self._serving, profile=self.profile)

    def without(self, words: Collection[str]) -> Toolset:
        """The same but for some words."""
        return Toolset(
            [spec for name, spec in self._specs.items() if name not in words],
            {name: made for name, made in self._serving.items() if name not in words},
            profile=f"{self.profile} without {', '.join(words)}",
        )

    def backend(self, name: str) -> Backend | None:
        """The backend that serves a tool; None where the tool does its own work."""
        return self.backends(name)[0] if name in self._serving else None

    def backends(self, name: str) -> tuple[Backend, ...]:
        """All replicas that serve a tool; none where the tool does its own work."""
        return self._serving.get(name, ())

    def model(self, name: str) -> Model:
        backend = self.backend(name)
        return backend.model if backend else RULES

    def __getitem__(self, name: str) -> ToolSpec:
        return self._specs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)


class Catalogue:
    """Everything that some modules offer: tools, backends, profiles (`PROFILES`, a mapping of
    profile name to a mapping of tool name to backend name, or to a function that names one of the
    profiles by the options, as the machine allows) and `WEIGHTS`, by name."""

    def __init__(self) -> None:
        self.tools: dict[str, ToolSpec] = {}
        self.backends: dict[str, type[Backend]] = {}
        self.profiles: dict[str, dict[str, str]] = {}
        self.choosers: dict[str, Callable[[Mapping[str, str]], str]] = {}
        self.weights: dict[str, Weights] = {}
        self._owner: dict[str, str] = {}

    @classmethod
    def of(cls, *modules: ModuleType) -> Catalogue:
        made = cls()
        for module in modules:
            made._add(module, module.__name__)
        return made

    @classmethod
    def installed(cls) -> Catalogue:
        """What every installed package offers under the entry point group `visprog.tools`.

        Raises:
            SettingsError: nothing is installed, a plug-in fails to import, or two share a name.
        """
        found = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
        if not found:
            raise SettingsError("no tools are installed; in a checkout, run: pip install -e .")
        made = cls()
        for entry in found:
            owner = entry.dist.name if entry.dist else entry.value
            try:
                module = entry.load()
            except Exception as error:
                raise SettingsError(f"plug-in {owner} fails to import: {_named(error)}") from error
            made._add(module, owner)
        return made

    def _add(self, module: ModuleType, owner: str) -> None:
        for value in vars(module).values():
            spec = getattr(value, "__visprog_tool__", None)
            if isinstance(spec, ToolSpec) and self.tools.get(spec.name) is not spec:
                self._claim("tool", spec.name, owner)  # not if imported from another package
                self.tools[spec.name] = spec
            if isinstance(value, type) and issubclass(value, Backend):
                name = getattr(value, "name", None)  # a base class for others has none
                if name and self.backends.get(name) is not value:
                    self._claim("backend", name, owner)
                    self.backends[name] = value
        for name, weights in getattr(module, "WEIGHTS", {}).items():
            self._claim("file of weights", name, owner)
            self.weights[name] = weights
        for profile, choice in getattr(module, "PROFILES", {}).items():
            if callable(choice):
                self._claim("profile", profile, owner)
                self.choosers[profile] = choice
                continue
            for tool_name in choice:
                self._claim(f"choice of profile {profile!r} for a tool", tool_name, owner)
            self.profiles.setdefault(profile, {}).update(choice)

    def _claim(self, kind: str, name: str, owner: str) -> None:
        other = self._owner.setdefault(f"{kind} {name}", owner)
        if other != owner:
            raise SettingsError(f"both {other} and {owner} bring a {kind} named {name!r}")

    def toolset(self, profile: str, options: Mapping[str, str] | None = None) -> Toolset:
        """The tools of a profile, or of a mix such as `embedded,ocr=rapidocr`; '': the pure ones.

        A part of a mix may be a TOML file, see `visprog.mixes`; options given here go before its.

        Raises:
            SettingsError: an unknown profile, tool or backend, or one that serves another tool; a
                file that is not a mix.
        """
        parts, told = flat(profile)
        options = {**told, **(options or {})}
        parts = [self._chosen(part, options) for part in parts]
        choice: dict[str, str] = {}
        for part in parts:
            tool_name, equals, backend_name = part.partition("=")
            if equals:
                self._expect("tool", tool_name, self.tools)
                choice[tool_name] = backend_name
            else:
                self._expect("profile", part, self.profiles)
                choice.update(self.profiles[part])
        made: dict[str, Sequence[Backend]] = {}
        serving: dict[str, Sequence[Backend]] = {}
        for tool_name, backend_name in choice.items():
            self._expect("backend", backend_name, self.backends)
            kind = self.backends[backend_name]
            if tool_name not in kind.serves:
                raise SettingsError(f"backend {backend_name} does not serve {tool_name}")
            if backend_name not in made:
                made[backend_name] = kind.replicas(options)
                for place, backend in enumerate(made[backend_name]):
                    backend.replica = place
            serving[tool_name] = made[backend_name]
        return Toolset(tuple(self.tools.values()), serving, profile=",".join(parts))

    def _chosen(self, part: str, options: Mapping[str, str]) -> str:
        """The profile that a function of a package chooses; any other part as it is."""
        return self.choosers[part](options) if part in self.choosers else part

    def serving(self, tool_name: str) -> tuple[str, ...]:
        """The names of the backends that can do the work of a tool."""
        return tuple(name for name, kind in self.backends.items() if tool_name in kind.serves)

    def _expect(self, kind: str, name: str, known: Mapping[str, object]) -> None:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(known))}"
            raise SettingsError(f"no {kind} {name!r}; {hint}")
