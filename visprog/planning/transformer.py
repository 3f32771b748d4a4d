"""Chat models of Hugging Face transformers, kept to a grammar by llguidance.

llguidance was chosen over xgrammar by measuring, with our grammar and 38,527 tokens on one core:
0.07 s against 6.6 s to take the grammar, and as long for a token (0.6 to 0.9 ms on average). It
needs 8 MB, and xgrammar 1 GB with the packages that it brings.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from visprog.errors import BudgetError, PlanError, SettingsError, WeightsError
from visprog.planning.chat import MOST, Completion, Message
from visprog.planning.constraint import Constraint
from visprog.planning.environment import offline
from visprog.planning.ledger import FREE, Ledger
from visprog.planning.local import TOTAL, expect_no_pictures, expect_words
from visprog.planning.tokens import ending_tokens, prompt_tokens
from visprog.tool import Model

PACKAGES = ("torch", "transformers", "llguidance")
BF16 = (8, 0)  # CUDA capability from which bfloat16 is quick (Ampere)


class TransformersModel:
    """A causal language model of the Hugging Face hub (`ORG/NAME`), or of a folder.

    Conversations take the chat template of its tokenizer, or plain text where it has none. Only
    weights in the safetensors format are read, and no code of a repository is run. On a GPU where
    there is one, in bfloat16 where that is quick and float16 elsewhere; on the CPU in float32.

    Raises:
        SettingsError: torch, transformers or llguidance is not installed.
    """

    constrains = "gbnf"
    sees = False
    lanes = 1

    def __init__(
        self, source: str, *, threads: int = 0, total: float = TOTAL, ledger: Ledger | None = None
    ) -> None:
        """`threads`: of torch, 0 for its own choice; `total`: seconds of a completion, at most."""
        absent = [name for name in PACKAGES if find_spec(name) is None]
        if absent:
            raise SettingsError(
                f"the planner hf:{source} wants {', '.join(absent)}: pip install 'visprog[models]'"
            )
        self.name = f"hf:{source}"
        self.source = source
        self.total = total
        self.ledger = ledger or Ledger(price=FREE)
        self._threads = threads
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None  # tokenizer, model
        self._constraint: Constraint | None = None
        self._commit = self._files = ""

    def __repr__(self) -> str:
        return f"TransformersModel({self.source!r})"

    @property
    def model(self) -> Model:
        return Model(Path(self.source).name, "see its card", self._commit)

    @property
    def identity(self) -> str:
        """Its files, or the commit of the hub; loads what is not loaded, to know it."""
        self.load()
        return f"{self.name} {self._commit or self._files}"

    def load(self) -> None:
        """Read the weights, unless they are read.

        Raises:
            WeightsError: they are absent, damaged, or not in the safetensors format.
        """
        with self._lock:
            self._ready()

    def complete(
        self,
        messages: Sequence[Message],
        *,
        temperature: float = 0.0,
        most: int = MOST,
        seed: int | None = None,
        grammar: str | None = None,
    ) -> Completion:
        expect_no_pictures(self.name, messages)
        with self._lock, self.ledger.call(messages, most) as call:
            tokenizer, model = self._ready()
            prompt = prompt_tokens(tokenizer, messages).to(model.device)
            count = prompt["input_ids"].shape[1]
            most = min(most, self._room(model, count))
            seconds = min(self.total, call.seconds_left)
            made = self._generate(prompt, temperature, most, seed, grammar, seconds)
            call.tell(count, len(made))
            ended = bool(made) and made[-1] in ending_tokens(tokenizer, model)
            if not ended and len(made) < most:
                if call.seconds_left <= call.seconds:
                    raise BudgetError(f"the planner's budget of seconds is used up by {self.name}")
                raise PlanError(f"{self.name} took more than {seconds:g} s")
            text = tokenizer.decode(made, skip_special_tokens=True)
            expect_words(self.name, text)
        return Completion(text, call.usage, "stop" if ended else "length")

    # -- all below: the lock is held

    def _generate(
        self,
        prompt: Any,
        temperature: float,
        most: int,
        seed: int | None,
        grammar: str | None,
        seconds: float,
    ) -> list[int]:
        """The tokens that the model adds to a prompt."""
        import torch
        from transformers import GenerationConfig, LogitsProcessorList, StoppingCriteriaList

        tokenizer, model = self._ready()
        ends = ending_tokens(tokenizer, model)
        sampling = {"temperature": temperature, "top_k": 0, "top_p": 1.0} if temperature else {}
        settings = GenerationConfig(
            do_sample=bool(temperature),
            max_new_tokens=most,
            eos_token_id=ends,
            pad_token_id=ends[0],
            **sampling,
        )
        masks = [self._mask(tokenizer, model, grammar)] if grammar else []
        devices = [model.device] if model.device.type == "cuda" else []
        with torch.inference_mode(), torch.random.fork_rng(devices=devices):
            if seed is not None:
                torch.manual_seed(seed)
            made = model.generate(
                **prompt,
                generation_config=settings,
                logits_processor=LogitsProcessorList(masks),
                stopping_criteria=StoppingCriteriaList([_Deadline(seconds)]),
            )
        tokens: list[int] = made[0, prompt["input_ids"].shape[1] :].tolist()
        return tokens

    def _mask(self, tokenizer: Any, model: Any, grammar: str) -> Any:
        if self._constraint is None:
            size = model.get_output_embeddings().weight.shape[0]
            self._constraint = Constraint(tokenizer, size, ending_tokens(tokenizer, model))
        return self._constraint.mask(grammar)

    def _room(self, model: Any, count: int) -> int:
        """Tokens that may follow a prompt of so many. Raises PlanError where there are none."""
        limit = getattr(model.config, "max_position_embeddings", None)
        room = limit - count if isinstance(limit, int) else sys.maxsize
        if room <= 0:
            raise PlanError(f"{self.name} takes {limit} tokens; the prompt alone has {count}")
        return room

    def _ready(self) -> tuple[Any, Any]:
        if self._loaded is None:
            import torch

            _leave_torchvision_out()
            from transformers import AutoModelForCausalLM, AutoTokenizer

            if self._threads:
                torch.set_num_threads(self._threads)
            folder = Path(self.source).is_dir()
            options = {"local_files_only": folder or offline(), "trust_remote_code": False}
            device, dtype = _placement(torch)
            fault = ""
            try:
                with _quiet():
                    tokenizer = AutoTokenizer.from_pretrained(self.source, **options)
                    model, told = AutoModelForCausalLM.from_pretrained(
                        self.source,
                        dtype=dtype,
                        use_safetensors=True,
                        output_loading_info=True,
                        **options,
                    )
                    model.to(device)
                if absent := sorted(told["missing_keys"]):  # else filled with random numbers
                    fault = f"it lacks weights: {absent[0]} and {len(absent) - 1} more"
            except Exception as error:  # of the hub, of safetensors, of the tokenizer
                fault = " ".join(str(error).split())[:300] or type(error).__name__
            if fault:
                raise WeightsError(self._absent(folder, fault))
            model.eval()
            self._commit = str(getattr(model.config, "_commit_hash", None) or "")
            self._files = _files(Path(self.source)) if folder else ""
            self._loaded = tokenizer, model
        return self._loaded

    def _absent(self, folder: bool, fault: str) -> str:
        if folder:
            return f"the folder {self.source} has no language model that can be read: {fault}"
        if offline():
            return (
                f"the model {self.source} is not on this machine, and VISPROG_OFFLINE or "
                f"HF_HUB_OFFLINE forbids to fetch it: {fault}"
            )
        return f"the model {self.source} is neither a folder nor to be had from the hub: {fault}"


def _leave_torchvision_out() -> None:
    """transformers imports torchvision where it is installed, for models of text too; and that
    fails where torchvision was built for another torch, such as the one for CUDA. Whether it is
    there transformers asks once, at its own import."""
    if "transformers" in sys.modules or "torchvision" in sys.modules:
        return
    sys.modules["torchvision"] = None  # type: ignore[assignment]
    try:
        import transformers  # noqa: F401
    finally:
        del sys.modules["torchvision"]


class _Deadline:
    """Stops a generation that takes too long."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        import torch

        late = time.monotonic() > self._end
        return torch.full((input_ids.shape[0],), late, dtype=torch.bool, device=input_ids.device)


@contextmanager
def _quiet() -> Iterator[None]:
    """Progress bars are for terminals."""
    from transformers.utils import logging

    hush = logging.is_progress_bar_enabled() and not sys.stderr.isatty()
    if hush:
        logging.disable_progress_bar()
    try:
        yield
    finally:
        if hush:
            logging.enable_progress_bar()


def _placement(torch: Any) -> tuple[str, Any]:
    """Device and number format."""
    if torch.cuda.is_available():
        quick = torch.cuda.get_device_capability() >= BF16
        return "cuda", torch.bfloat16 if quick else torch.float16
    return "cpu", torch.float32


def _files(folder: Path) -> str:
    """Tells the weights of a folder from those that it had before."""
    stats = ((file.name, file.stat()) for file in sorted(folder.glob("*.safetensors")))
    return " ".join(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats)
