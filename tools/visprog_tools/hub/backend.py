"""What backends over models of torch have in common: weights, device, batches, memory."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.util import find_spec
from typing import Any, ClassVar

from visprog.errors import ToolError, VisprogError
from visprog.tool import Backend, Model, Output
from visprog_tools.hub.devices import Place, place_of
from visprog_tools.hub.entries import MODELS
from visprog_tools.hub.residence import free_memory, residence
from visprog_tools.hub.snapshots import HubModel, Snapshot

Result = Output | VisprogError


class HubBackend(Backend):
    """A backend over one model of the hub.

    A subclass says which (`weights`), loads its processor in `prepare` and its module in `make`,
    and does a batch in `work`. The options `device`, `dtype`, `memory`, `compile`,
    `non_commercial` and `weights.NAME` say where and how.
    """

    weights: ClassVar[str]  # of MODELS
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
        self.prepare(self.found)
        with self._module():
            pass  # so that what is damaged says so here

    def run(self, tool: str, calls: Sequence[Mapping[str, Any]]) -> list[Result]:
        try:
            with self._module() as module:
                return self._in_parts(tool, calls, module)
        except VisprogError as error:
            return [error for _ in calls]

    def tensors(self, inputs: Any) -> Any:
        """What a processor made, on the device; floating numbers in the module's dtype."""
        return inputs.to(self.place.device, self.place.torch_dtype)

    def _module(self) -> Any:
        import torch

        place = self.place
        size = self.found.parameters * place.torch_dtype.itemsize
        name = f"{self.name} {self.found.revision}"

        def made() -> Any:
            module = self.make(self.found).eval().to(place.device)
            return torch.compile(module) if self.options.get("compile") == "yes" else module

        return residence(place).use(name, size, made)

    def _in_parts(self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any) -> list[Result]:
        """All calls at once, or as many at once as there is memory for."""
        import torch

        done: list[Result] = []
        most = len(calls)
        notices: tuple[str, ...] = ()
        while len(done) < len(calls):
            part = calls[len(done) : len(done) + most]
            try:
                with torch.inference_mode():
                    made = self._each(tool, part, module)
                done += [_with(result, notices) for result in made]
            except (torch.OutOfMemoryError, MemoryError):
                free_memory(self.place.device)
                if most == 1:
                    done.append(
                        ToolError(
                            f"{tool} in {self.name}: {self.place.device} has no "
                            "memory left, even for one call: choose a smaller model"
                        )
                    )
                    continue
                most = max(1, most // 2)
                notices = (f"{self.place.device} was out of memory: run {most} at a time",)
        return done

    def _each(self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any) -> list[Result]:
        """A batch; where it goes wrong as a whole, one call after another, so that an error is of
        its own call only."""
        try:
            return self.work(tool, calls, module)
        except VisprogError as error:
            if len(calls) == 1:
                return [error]
        except Exception as error:
            if _out_of_memory(error):
                raise MemoryError from error
            if len(calls) == 1:
                return [ToolError(f"{tool} failed in {self.name}: {type(error).__name__}: {error}")]
        return [result for call in calls for result in self._each(tool, [call], module)]


def _with(result: Result, notices: Sequence[str]) -> Result:
    if not notices or not isinstance(result, Output):
        return result
    return Output(result.value, (*result.notices, *notices))


def _out_of_memory(error: Exception) -> bool:
    """torch tells of it on the processor by a plain RuntimeError."""
    import torch

    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
