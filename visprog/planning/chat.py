"""The seam between chat models and everything else, and the planner over a chat model."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

from visprog.errors import PlanError, SettingsError
from visprog.lang.grammar import grammar
from visprog.planning.planner import Attempt, Plan, Round, Usage
from visprog.tool import Model, Toolset, ToolSpec
from visprog.values import Image

Role = Literal["system", "user", "assistant"]
MOST = 1024  # tokens of a completion
SAMPLE_TEMPERATURE = 0.7  # of programs that are to differ


@dataclass(frozen=True)
class Message:
    """One message of a conversation. `images`: shown with the text, to models that see."""

    role: Role
    text: str
    images: tuple[Image, ...] = ()

    def __post_init__(self) -> None:
        if self.role not in get_args(Role):
            raise ValueError(f"Message.role: want one of {get_args(Role)}, got {self.role!r}")


@dataclass(frozen=True)
class Completion:
    """What a model wrote. `finish`: `stop`, or why it ended otherwise, such as `length`."""

    text: str
    usage: Usage
    finish: str


class ChatModel(Protocol):
    """A language model that answers conversations. Safe to use from several threads.

    `sees`: it takes pictures; `lanes`: how many conversations at once are worth asking for. A model
    may have `constrains`, the form of grammar that `complete` keeps it to (gbnf or lark),
    `identity`, what its completions hang on besides the request, and `notices`, what people should
    know of it.
    """

    @property
    def name(self) -> str: ...
    @property
    def model(self) -> Model: ...
    @property
    def sees(self) -> bool: ...
    @property
    def lanes(self) -> int: ...

    def complete(
        self,
        messages: Sequence[Message],
        *,
        temperature: float = 0.0,
        most: int = MOST,
        seed: int | None = None,
        grammar: str | None = None,
    ) -> Completion:
        """The next message of a conversation.

        Args:
            temperature: 0 for the likeliest completion.
            most: tokens of the completion.
            seed: tells samples of the same conversation apart; makes them repeatable where the
                model can.
            grammar: what the text must be a sentence of; models without `constrains` pass it over.

        Raises:
            PlanError: a refusal, an empty completion, a time-out, or an error of the provider.
            BudgetError: the call would take more than the budget has left.
            SettingsError: the provider does not know the model or the key.
        """
        ...


class Prompting(Protocol):
    """Makes conversations of questions, and takes programs out of completions.

    Those for stepwise mode have `stepwise` too, as `Prompts` has.
    """

    def messages(
        self,
        question: str,
        tools: Toolset,
        inputs: Mapping[str, Any],
        attempts: Sequence[Attempt] = (),
    ) -> list[Message]: ...

    def program_of(self, text: str) -> str:
        """Raises PlanError where there is no program in a text."""
        ...


def callable_by(prompts: Prompting, tools: Toolset) -> Mapping[str, ToolSpec]:
    """What a program may call: the tools, and the helpers that a model is told of."""
    library = getattr(prompts, "helper_library", None)
    return library.callable(tools) if library is not None else tools


class ChatPlanner:
    """Programs from a chat model. Failed attempts help it: they are part of the conversation.

    `temperature`, `most`, `seed`: of `ChatModel.complete`.
    """

    repairs = True

    def __init__(
        self,
        model: ChatModel,
        prompts: Prompting,
        *,
        temperature: float = 0.0,
        most: int = MOST,
        seed: int | None = None,
    ) -> None:
        self.name = model.name
        self.model, self.prompts = model, prompts
        self.temperature, self.most, self.seed = temperature, most, seed
        self.lanes, self.sees = model.lanes, model.sees

    @property
    def usage(self) -> Usage:
        """Of all calls so far, those that failed included."""
        ledger = getattr(self.model, "ledger", None)
        return ledger.total if ledger is not None else Usage()

    def close(self) -> None:
        """Give back the connections of the model."""
        close = getattr(self.model, "close", None)
        if close is not None:
            close()

    def sample(self, index: int, temperature: float = SAMPLE_TEMPERATURE) -> ChatPlanner:
        """This planner, for the program of that index among several of the same question."""
        return ChatPlanner(
            self.model, self.prompts, temperature=temperature, most=self.most, seed=index
        )

    def plan(
        self,
        question: str,
        tools: Toolset,
        inputs: Mapping[str, Any],
        attempts: Sequence[Attempt] = (),
    ) -> Plan:
        form = getattr(self.model, "constrains", "")
        known = callable_by(self.prompts, tools)
        rules = grammar(known, form=form, inputs=inputs) if form else None
        return self._plan(self.prompts.messages(question, tools, inputs, attempts), rules)

    def steps(
        self,
        question: str,
        tools: Toolset,
        inputs: Mapping[str, Any],
        rounds: Sequence[Round] = (),
        *,
        most: int,
        images: Sequence[Image] = (),
    ) -> Plan:
        """The next lines of a program. No grammar keeps a model to them: ours is of whole programs;
        the check finds what is wrong."""
        ask = getattr(self.prompts, "stepwise", None)
        if ask is None:
            raise SettingsError("the prompts at hand ask for whole programs only")
        messages = ask(
            question, tools, inputs, rounds, most=most, images=images if self.sees else ()
        )
        return self._plan(messages, None)

    def _plan(self, messages: Sequence[Message], rules: str | None) -> Plan:
        started = time.perf_counter()
        made = self.model.complete(
            messages,
            temperature=self.temperature,
            most=self.most,
            seed=self.seed,
            grammar=rules,
        )
        return Plan(
            self._text(made),
            self.model.model,
            time.perf_counter() - started,
            tuple(getattr(self.model, "notices", ())),
            made.usage,
        )

    def _text(self, made: Completion) -> str:
        """The program in a completion."""
        try:
            if made.finish == "length":  # what is left of it might parse, and mean something else
                raise PlanError(f"{self.name} came to no end within {self.most} tokens")
            return self.prompts.program_of(made.text)
        except PlanError as error:
            error.usage = made.usage
            raise
