"""From a planner's name, as on the command line, to the planner."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from visprog.errors import SettingsError
from visprog.helper_library import Library
from visprog.planning.chat import MOST, ChatModel, ChatPlanner, Prompting
from visprog.planning.clients import Timeouts
from visprog.planning.completions import KeptModel, Store
from visprog.planning.faults import Retries
from visprog.planning.ledger import FREE, Budget, Ledger, Price
from visprog.planning.planner import Planner
from visprog.planning.scripted import ScriptedPlanner
from visprog.tool import Catalogue, Model

WEIGHTS = "planner"  # the name under which a package offers the embedded planner's weights
KNOWN = (
    "embedded, scripted:FILE, gguf:FILE, hf:ORG/NAME, openai:MODEL, anthropic:MODEL, "
    "google_genai:MODEL, ollama:MODEL, or another provider of LangChain"
)


@dataclass(frozen=True)
class ChatSettings:
    """How chat models are asked.

    `base_url`: of the provider's server; `price`: None where it is not known; `most`: tokens of a
    completion; `lanes`: conversations at once, 0 for the model's own choice; `sees`: whether it
    takes pictures, None for what is known of it; `replay`: take every completion from the store.
    """

    base_url: str = ""
    price: Price | None = None
    budget: Budget = field(default_factory=Budget)
    temperature: float = 0.0
    most: int = MOST
    lanes: int = 0
    sees: bool | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    retries: Retries = field(default_factory=Retries)
    replay: bool = False


def make_planner(
    name: str,
    catalogue: Catalogue,
    threads: int = 0,
    *,
    chat: ChatSettings | None = None,
    store: Store | None = None,
    prompts: Prompting | None = None,
    library: Library | None = None,
) -> Planner:
    """The planner of a name: `embedded`, `scripted:FILE`, or that of a chat model.

    Args:
        threads: for a planner that runs on the processor; 0 for its own choice.
        chat: how a chat model is asked.
        store: where its completions are kept; None to keep none.
        prompts: what it is told; by default our own.
        library: of helpers that our own prompts tell it of; planners without prompts know none.

    Raises:
        SettingsError: there is no such planner, what it needs is not installed or not set, or its
            file cannot be read.
        WeightsError: its weights are absent.
    """
    kind, _, rest = name.partition(":")
    if kind == "scripted" and rest:
        return ScriptedPlanner(Path(rest))
    if name == "embedded":
        from visprog.planning.embedded import EmbeddedPlanner

        if WEIGHTS not in catalogue.weights:
            raise SettingsError("no installed package offers the weights of the embedded planner")
        weights = catalogue.weights[WEIGHTS]
        model = Model(weights.id, weights.licence, weights.revision)
        return EmbeddedPlanner(weights.where(), threads or None, model)
    settings = chat or ChatSettings()
    made: ChatModel = chat_model(name, threads, settings)
    if store is not None:
        made = KeptModel(made, store, replay=settings.replay)
    if prompts is None:
        from visprog.planning.prompts import Prompts

        prompts = Prompts(library=library)
    return ChatPlanner(made, prompts, temperature=settings.temperature, most=settings.most)


def chat_model(name: str, threads: int = 0, settings: ChatSettings | None = None) -> ChatModel:
    """The chat model of a name: `gguf:FILE`, `hf:ORG/NAME` or `hf:FOLDER`, or `PROVIDER:MODEL`.

    Raises:
        SettingsError, WeightsError: as `make_planner`.
    """
    settings = settings or ChatSettings()
    kind, _, rest = name.partition(":")
    if not rest or not re.fullmatch(r"[a-z][a-z0-9_]*", kind):
        raise SettingsError(f"no planner {name!r}; known: {KNOWN}")
    if kind in ("gguf", "hf"):
        if settings.base_url:
            raise SettingsError(f"{name} runs on this machine and takes no --base-url")
        ledger = Ledger(settings.budget, settings.price or FREE)
        total = settings.timeouts.total
        if kind == "gguf":
            from visprog.planning.local import GGUFModel

            file = Path(rest).expanduser()
            return GGUFModel(file, threads=threads, total=total, ledger=ledger)
        from visprog.planning.transformer import TransformersModel

        source = str(Path(rest).expanduser()) if rest.startswith("~") else rest
        return TransformersModel(source, threads=threads, total=total, ledger=ledger)
    from visprog.planning.remote import RemoteModel

    return RemoteModel(
        kind,
        rest,
        base_url=settings.base_url,
        timeouts=settings.timeouts,
        retries=settings.retries,
        ledger=Ledger(settings.budget, settings.price),
        lanes=settings.lanes,
        sees=settings.sees,
    )
