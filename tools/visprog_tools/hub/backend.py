"""What backends over models of torch have in common: weights, device, batches, memory."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from importlib.util import find_spec
from typing import Any, ClassVar

from visprog.errors import ToolError, VisprogError
from visprog.tool import Backend, Model, Output
from visprog_tools.hub.devices import Place, free_memory, out_of_memory, place_of
from visprog_tools.hub.entries import MODELS
from visprog_tools.hub.rehearsal import rehearsal
from visprog_tools.hub.residence import residence
from visprog_tools.hub.snapshots import HubModel, Snapshot
from visprog_tools.hub.turns import TURNS
from visprog_tools.hub.vision_operators import declare_operators

Result = Output | VisprogError


class HubBackend(Backend):
    """A backend over one model of the hub.

    A subclass says which (`weights`), loads its processor in `prepare` and its module in `make`,
    and does a batch in `work`. The options `device`, `dtype`, `memory`, `compile`, `warm_up`,
    `non_commercial` and `weights.NAME` say where and how.
    """

    weights: ClassVar[str]  # of MODELS
    exact: ClassVar[str] = ""  # weights that stay float32: a pattern that their names begin with
    batch = 8
    deadline = 600.0

    @classmethod
    def replicas(cls, options: Mapping[str, str]) -> Sequence[Backend]:
        """One for each of the devices in the option `device`, such as `cuda:0,cuda:1`."""
        devices = [name.strip() for name in options.get("device", "").split(",")]
        return [cls({**options, "device": device}) for device in devices]

    # -- what subclasses do

    def prepare(self, found: Snapshot) -> None:
        """Load what stays in main memory, such as the processor."""

    @abstractmethod
    def make(self, found: Snapshot) -> Any:
        """The module, on no particular device, in the dtype of `self.place`."""

    @abstractmethod
    def work(self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any) -> list[Result]:
        """The results of calls, in order, in one pass of the module where that can be. Gradients
        are off. Out of memory it is called again with fewer."""

    def compiled(self, module: Any) -> Any:
        """The module, whose kernels torch compiles as they are first used."""
        import torch

        return torch.compile(module)

    # -- what they have

    @property
    def entry(self) -> HubModel:
        return MODELS[self.weights]

    @cached_property
    def place(self) -> Place:
        """Raises SettingsError."""
        return place_of(self.options)

    @cached_property
    def found(self) -> Snapshot:
        """Raises WeightsError, SettingsError."""
        return self.entry.find(self.options)

    @property
    def device(self) -> str:  # type: ignore[override]
        return self.place.device if find_spec("torch") else "cpu"

    @cached_property
    def model(self) -> Model:  # type: ignore[override]
        """What the trace says. Where the weights are absent it has no revision: the first call of
        the backend says so."""
        try:
            revision = self.found.revision
        except VisprogError:
            revision = ""
        entry, torch_there = self.entry, find_spec("torch") is not None
        dtype, device = (self.place.dtype, self.place.kind) if torch_there else ("", "")
        return Model(entry.id, entry.licence, revision, dtype=dtype, device=device)

    def load(self) -> None:
        declare_operators()
        self.prepare(self.found)
        with self._module():
            pass  # so that what is damaged says so here
        if self.options.get("warm_up") == "yes":
            self.warm_up()

    def warm_up(self) -> None:
        """Do a batch of made-up calls, so that the first true ones need not wait for kernels to
        be chosen or compiled.

        Raises:
            VisprogError: one of them went wrong, as true ones would.
        """
        tool, calls = rehearsal(self.serves, self.batch)
        for result in self.run(tool, calls):
            if isinstance(result, VisprogError):
                raise result

    def run(self, tool: str, calls: Sequence[Mapping[str, Any]]) -> list[Result]:
        try:
            with self._module() as module:
                return self._in_parts(tool, calls, module)
        except VisprogError as error:
            return [error for _ in calls]

    def tensors(self, inputs: Any) -> Any:
        """What a processor or a tokenizer made, a mapping of tensors, on the device; floating
        numbers in the module's dtype. Values that are no tensors stay as they are."""
        import torch

        device, dtype = self.place.device, self.place.torch_dtype
        for name, one in inputs.items():
            if isinstance(one, torch.Tensor):
                kept = dtype if one.is_floating_point() else one.dtype
                inputs[name] = one.to(device, kept)
        return inputs

    @cached_property
    def _held(self) -> int:
        """Bytes that the module will take, about."""
        return self.found.room(self.place.torch_dtype.itemsize, self.exact)

    @contextmanager
    def _module(self) -> Iterator[Any]:
        """The module on its device, and this thread's turn to compute."""
        declare_operators()
        place = self.place
        compiled = self.options.get("compile") == "yes"
        name = f"{self.name} {self.found.revision} {place.dtype}{' compiled' * compiled}"

        def made() -> Any:
            module = self.make(self.found).eval().to(place.device)
            return self.compiled(module) if compiled else module

        used = residence(place.device).use(name, self._held, made, place.budget)
        with ExitStack() as stack:
            with TURNS.resting():
                module = stack.enter_context(used)
            stack.enter_context(TURNS.computing())
            yield module

    def _in_parts(self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any) -> list[Result]:
        """All calls at once, or as many at once as there is memory for."""
        done: list[Result] = []
        most, alone = len(calls), False
        notices: tuple[str, ...] = ()
        while len(done) < len(calls):
            made = self._at_once(tool, calls[len(done) : len(done) + most], module)
            if made is not None:
                done += [_with(result, notices) for result in made]
                continue
            free_memory(self.place.device)
            if most > 1:
                most = max(1, most // 2)
                notices = (f"{self.place.device} was out of memory: run {most} at a time",)
            elif not alone:
                alone = True
                with TURNS.resting():
                    residence(self.place.device).clear()
            else:
                done.append(
                    ToolError(
                        f"{tool} in {self.name}: {self.place.device} has no "
                        "memory left, even for one call: choose a smaller model"
                    )
                )
        return done

    def _at_once(
        self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any
    ) -> list[Result] | None:
        """The results; None where memory ran out."""
        import torch

        try:
            with torch.inference_mode():
                return self._each(tool, calls, module)
        except MemoryError:
            return None  # not handled here, where the error still holds the tensors of the failure

    def _each(self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any) -> list[Result]:
        """A batch; where it goes wrong as a whole, one call after another, so that an error is of
        its own call only."""
        try:
            return self.work(tool, calls, module)
        except VisprogError as error:
            if len(calls) == 1:
                return [error]
        except Exception as error:
            if out_of_memory(error):
                raise MemoryError from error
            if len(calls) == 1:
                return [ToolError(f"{tool} failed in {self.name}: {type(error).__name__}: {error}")]
        return [result for call in calls for result in self._each(tool, [call], module)]


def _with(result: Result, notices: Sequence[str]) -> Result:
    if not notices or not isinstance(result, Output):
        return result
    return Output(result.value, (*result.notices, *notices))
