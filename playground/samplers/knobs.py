"""What a sampler declares beside each of its fields: the control, its help, its range error and its JSON come from it.

- ``Knob`` is one number; ``Texts`` and ``Biases`` are lists, told apart from a Knob as ``Listing``.
- ``check`` returns a value in the field's own type or says what is allowed; nothing is clamped.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from playground.errors import SettingError, shown
from playground.sentences import Sentence, sentence

Number = float | int | bool
Bias = tuple[int | str, float]  # a token id or a text, and what is added to its logit; −inf bans it
Value = Number | tuple[str, ...] | tuple[Bias, ...]

MAX_TOKEN_ID = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Knob:
    """One number of a sampler.

    Attributes:
        label: the name on the page.
        kind: ``float``, ``int`` or ``bool``.
        minimum, maximum: the range that is accepted, both ends included.
        neutral: the value at which this number does nothing; where there is none, because the number only says how
            the main one acts, the value that it has until somebody sets it.
        usual: a value that people start from.
        step: one step of the slider.
        slider_maximum: where the slider ends when ``maximum`` is far beyond what one drags to.
        slider_minimum: where the slider begins; where None is said, at ``minimum``.
        off: what the neutral value is called ("0 turns it off").
    """

    label: str
    kind: type[Number]
    minimum: float
    maximum: float
    neutral: Number
    usual: Number
    step: float
    slider_maximum: float
    off: str = ""
    slider_minimum: float | None = None

    @property
    def slider_start(self) -> float:
        """Where the slider begins."""
        return self.minimum if self.slider_minimum is None else self.slider_minimum

    def check(self, name: str, value: object) -> Number:
        """Return ``value`` in the knob's own type, or raise a SettingError that names value, range and what to do."""
        if self.kind is bool:
            if isinstance(value, bool):
                return value
            raise self._refusal(name, value, Sentence("it must be true or false."))
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._refusal(name, value, Sentence("it must be a number."))
        if isinstance(value, float) and not math.isfinite(value):
            raise self._refusal(name, value, Sentence("it must be a finite number."))
        if self.kind is int and value != int(value):
            raise self._refusal(name, value, Sentence("it must be a whole number."))
        if not self.minimum <= value <= self.maximum:
            raise self._refusal(name, value, Sentence("it must lie in {range}.", range=self.range_text))
        return self.kind(value)

    @property
    def range_text(self) -> Sentence:
        """The accepted range as text: ``[0, 1]``."""
        return Sentence("[{low:,g}, {high:,.10g}]", low=self.minimum, high=self.maximum)

    def plain(self, value: Any) -> Number:  # noqa: ANN401 (a field of this knob)
        """Return a checked value as JSON has it."""
        number: Number = value
        return number

    def _refusal(self, name: str, value: object, rule: Sentence) -> SettingError:
        return refusal(name, sentence(self.label), value, rule, hint=sentence(self.off))


@dataclass(frozen=True, slots=True)
class Listing(ABC):
    """A list of entries of one sort; ``minimum``, ``maximum`` and ``step`` are about how many there are.

    Attributes:
        label: the name on the page.
        maximum: entries at most.
        max_chars: characters that a text of the list may have.
        usual: entries that people start from, as JSON has them.
        off: what the empty list is called ("An empty list turns it off").
    """

    label: str
    maximum: int
    max_chars: int
    usual: tuple[Any, ...] = ()
    off: str = ""

    @property
    def kind(self) -> type[Listing]:
        """What sort of list this is: ``Texts`` or ``Biases``."""
        return type(self)

    @property
    def neutral(self) -> tuple[()]:
        """The empty list."""
        return ()

    @property
    def minimum(self) -> int:
        """A list may be empty."""
        return 0

    @property
    def slider_start(self) -> int:
        """The same as ``minimum``."""
        return self.minimum

    @property
    def step(self) -> int:
        """One more entry."""
        return 1

    @property
    def slider_maximum(self) -> int:
        """The same as ``maximum``."""
        return self.maximum

    def check(self, name: str, value: object) -> tuple[Any, ...]:
        """Return ``value`` as a tuple of checked entries, or raise a SettingError that says which entry and why."""
        if not isinstance(value, list | tuple):
            raise self._refusal(
                name, sentence(self.label), value, Sentence("it must be a list of {allowed}.", allowed=self.range_text)
            )
        if len(value) > self.maximum:
            text = Sentence(
                "{label} holds {count:,} entries; at most {most:,} are allowed.",
                label=sentence(self.label),
                count=len(value),
                most=self.maximum,
            )
            raise SettingError(text, hint="Take some out.", field=name)
        checked = []
        for number, entry in enumerate(value, 1):
            rule = self._rule(entry)
            if rule:
                what = Sentence("{label}, entry {number},", label=sentence(self.label), number=number)
                raise self._refusal(name, what, entry, Sentence("it must be {rule}.", rule=rule))
            checked.append(self._entry(entry))
        return tuple(checked)

    @property
    @abstractmethod
    def range_text(self) -> Sentence:
        """What the list may hold, as text."""

    @abstractmethod
    def plain(self, value: Any) -> list[Any]:  # noqa: ANN401 (a field of this listing)
        """Return a checked value as JSON has it."""

    @abstractmethod
    def _rule(self, entry: object) -> Sentence | None:
        """Say what an entry must be; None where it is so."""

    @abstractmethod
    def _entry(self, entry: Any) -> object:  # noqa: ANN401 (it has passed ``_rule``)
        """Return an entry that keeps the rule in the type that the sampler holds."""

    def _refusal(self, name: str, what: Sentence, value: object, rule: Sentence) -> SettingError:
        return refusal(name, what, value, rule, hint=sentence(self.off))

    def _text_rule(self, text: str) -> Sentence | None:
        whole = not any("\ud800" <= char <= "\udfff" for char in text)
        if 0 < len(text) <= self.max_chars and whole:
            return None
        return Sentence("a text of 1 to {most} whole characters", most=self.max_chars)


@dataclass(frozen=True, slots=True)
class Texts(Listing):
    """A list of texts, such as sequence breakers."""

    @property
    def range_text(self) -> Sentence:
        """How many texts of which length."""
        return Sentence("at most {most} texts of 1 to {chars} characters", most=self.maximum, chars=self.max_chars)

    def plain(self, value: tuple[str, ...]) -> list[str]:
        """Return a list."""
        return list(value)

    def _rule(self, entry: object) -> Sentence | None:
        return self._text_rule(entry) if isinstance(entry, str) else Sentence("a text")

    def _entry(self, entry: str) -> str:
        return entry


@dataclass(frozen=True, slots=True)
class Biases(Listing):
    """A list of pairs: a token, by id or by its text, and what is added to its logit, or false to ban it."""

    limit: float = 100.0

    @property
    def range_text(self) -> Sentence:
        """How many pairs of what."""
        return Sentence(
            "at most {most} pairs of a token and a number in {span}, or false", most=self.maximum, span=self._span
        )

    @property
    def _span(self) -> str:
        return f"[{-self.limit:g}, {self.limit:g}]"

    def plain(self, value: tuple[Bias, ...]) -> list[list[int | str | float | bool]]:
        """Return a list of lists, a ban as false."""
        return [[token, bias if math.isfinite(bias) else False] for token, bias in value]

    def _rule(self, entry: object) -> Sentence | None:
        if not isinstance(entry, list | tuple) or len(entry) != 2:  # noqa: PLR2004 (a pair)
            return Sentence("a pair of a token and a number in {span}, or false to ban it", span=self._span)
        token, bias = entry
        return self._token_rule(token) or self._bias_rule(bias)

    def _token_rule(self, token: object) -> Sentence | None:
        if isinstance(token, str):
            return self._text_rule(token) and Sentence(
                "about a text of 1 to {most} whole characters", most=self.max_chars
            )
        whole = isinstance(token, int | float) and not isinstance(token, bool) and token == token // 1
        fits = whole and 0 <= token <= MAX_TOKEN_ID  # type: ignore[operator]
        return None if fits else Sentence("about a token id, a whole number from 0, or about a text")

    def _bias_rule(self, bias: object) -> Sentence | None:
        if bias is False or (isinstance(bias, float) and bias == -math.inf):
            return None
        number = isinstance(bias, int | float) and bias is not True
        fits = number and -self.limit <= bias <= self.limit  # type: ignore[operator]
        if fits:
            return None
        return Sentence("a pair whose second part is a number in {span}, or false to ban the token", span=self._span)

    def _entry(self, entry: Any) -> Bias:  # noqa: ANN401 (it has passed ``_rule``)
        token, bias = entry
        return token if isinstance(token, str) else int(token), -math.inf if bias is False else float(bias)


def refusal(name: str, what: Sentence, value: object, rule: Sentence, *, hint: Sentence) -> SettingError:
    """Return what says of a setting what it is and what it must be; ``name`` is its field."""
    said = Sentence("{what} is {value}; {rule}", what=what, value=shown(value) or Sentence("empty"), rule=rule)
    return SettingError(said, hint=hint, field=name)


def knob(spec: Knob | Listing) -> Any:  # noqa: ANN401 (a dataclass field stands for any value)
    """Declare a sampler's field together with its Knob or Listing."""
    return field(default=spec.neutral, metadata={"knob": spec})
