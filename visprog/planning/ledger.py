"""What calls of a language model took, and the budget that ends them."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from visprog.errors import BudgetError, PlanError, SettingsError
from visprog.planning.chat import Message
from visprog.planning.planner import Usage

TOKEN = 3.0  # bytes of a prompt, at least: an estimate from above for English and programs
MESSAGE = 8  # tokens that mark a message, about
PICTURE = 1600  # tokens of a picture: the most that providers state for one of ours
MILLION = 1e6


@dataclass(frozen=True)
class Price:
    """US dollars for a million tokens of prompts and of completions."""

    prompt: float
    completion: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(part) and part >= 0 for part in (self.prompt, self.completion)):
            raise SettingsError(f"want a price of 0 or more dollars, got {self}")

    @classmethod
    def of(cls, text: str) -> Price:
        """From `IN,OUT`, such as `2.5,10`.

        Raises:
            SettingsError: it has another form.
        """
        try:
            prompt, completion = map(float, text.split(","))
        except ValueError:
            raise SettingsError(
                f"want a price as IN,OUT in dollars for a million tokens, such as 2.5,10; "
                f"got {text[:80]!r}"
            ) from None
        return cls(prompt, completion)

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float:
        """US dollars."""
        return (self.prompt * prompt_tokens + self.completion * completion_tokens) / MILLION


FREE = Price(0.0, 0.0)


@dataclass(frozen=True)
class Budget:
    """The most that all calls of a planner may take; None for no bound. `tokens`: of prompts and
    completions together; `cost`: US dollars; `seconds`: of calls, their repetitions included."""

    tokens: int | None = None
    cost: float | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None and not (math.isfinite(value) and value > 0):
                raise SettingsError(f"want a budget of {name} above 0, got {value}")


@dataclass
class Call:
    """A call that is under way. `seconds_left`: of the budget, infinite without one."""

    seconds_left: float
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    usage: Usage = field(default_factory=Usage)
    _begin: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._begin

    def tell(self, prompt_tokens: int | None, completion_tokens: int | None) -> None:
        """Note what it took; None for what the provider does not tell."""
        self.prompt_tokens, self.completion_tokens = prompt_tokens, completion_tokens

    @property
    def told(self) -> bool:
        return self.prompt_tokens is not None and self.completion_tokens is not None


class Ledger:
    """Adds up what calls take. Before a call that could exceed the budget it raises.

    A call is counted beforehand with all the tokens it may write and an estimate of those of its
    prompt; afterwards, with what the provider says. One that fails counts its seconds.

    Raises:
        SettingsError: a budget of dollars without a price.
    """

    def __init__(self, budget: Budget | None = None, price: Price | None = None) -> None:
        self.budget = budget or Budget()
        self.price = price
        if self.budget.cost is not None and price is None:
            raise SettingsError("a budget of dollars wants the price of the model: --price IN,OUT")
        self._lock = threading.Lock()
        self._total = Usage()
        self._untold = 0
        self._running: dict[int, tuple[Call, int, float]] = {}  # tokens and cost set aside

    @property
    def total(self) -> Usage:
        """Of all calls that have ended."""
        with self._lock:
            return self._total

    @property
    def untold(self) -> int:
        """How many calls ended well without the provider's word on their tokens."""
        with self._lock:
            return self._untold

    def add(self, usage: Usage) -> None:
        """Count what was answered without a call."""
        with self._lock:
            self._total += usage

    @contextmanager
    def call(self, messages: Sequence[Message], most: int) -> Iterator[Call]:
        """Account for one call, which tells its tokens to what this gives; its `usage` is there
        when the block has ended.

        Raises:
            BudgetError: the budget has not that much left.
        """
        prompt = prompt_estimate(messages)
        cost = self.price.cost(prompt, most) if self.price else 0.0
        with self._lock:
            call = Call(self._left(prompt + most, cost))
            self._running[id(call)] = (call, prompt + most, cost)
        ended, failed = False, None
        try:
            yield call
            ended = True
        except PlanError as error:
            failed = error
            raise
        finally:
            with self._lock:
                del self._running[id(call)]
                call.usage = self._usage(call, ended)
                self._total += call.usage
                self._untold += ended and not call.told
            if failed is not None:
                failed.usage = call.usage

    def _usage(self, call: Call, ended: bool) -> Usage:
        prompt, completion = call.prompt_tokens or 0, call.completion_tokens or 0
        known = self.price is not None and (call.told or not ended)
        cost = self.price.cost(prompt, completion) if known and self.price else None
        return Usage(1, prompt, completion, cost, call.seconds)

    def _left(self, tokens: int, cost: float) -> float:
        """Seconds left, if a call that may take so much fits. The lock is held."""
        held, aside = self.budget, self._running.values()
        spent = self._total.prompt_tokens + self._total.completion_tokens
        if held.tokens is not None:
            if self._untold:
                raise BudgetError(
                    "the model's provider does not tell how many tokens a call takes, so a budget "
                    "of tokens cannot be kept; give a budget of seconds instead"
                )
            taken = spent + sum(each for _, each, _ in aside)
            _expect(taken + tokens <= held.tokens, f"{held.tokens} tokens", f"{taken}", f"{tokens}")
        if held.cost is not None:
            if self._untold:
                raise BudgetError(
                    "the model's provider does not tell how many tokens a call takes, so a budget "
                    "of dollars cannot be kept; give a budget of seconds instead"
                )
            dollars = (self._total.cost or 0.0) + sum(each for _, _, each in aside)
            _expect(
                dollars + cost <= held.cost, f"${held.cost:g}", f"${dollars:.4g}", f"${cost:.4g}"
            )
        if held.seconds is None:
            return math.inf
        used = self._total.seconds + sum(call.seconds for call, _, _ in aside)
        _expect(used < held.seconds, f"{held.seconds:g} seconds", f"{used:.1f}", "more")
        return held.seconds - used


def prompt_estimate(messages: Sequence[Message]) -> int:
    """About how many tokens a prompt has, rather too many than too few."""
    return sum(
        math.ceil(len(message.text.encode(errors="replace")) / TOKEN)
        + MESSAGE
        + PICTURE * len(message.images)
        for message in messages
    )


def _expect(fits: bool, budget: str, taken: str, more: str) -> None:
    if not fits:
        raise BudgetError(
            f"the planner's budget of {budget} is used up: {taken} taken, and the next call may "
            f"take {more}"
        )
