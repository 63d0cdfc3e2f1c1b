"""The settings of a beam search; ``BeamParams`` checks them all, however it is made.

Nothing is ignored: what has no effect beside another setting is refused, with what to change.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Self

from playground.errors import SettingError, shown
from playground.samplers import ORDERS, all_samplers, in_order
from playground.samplers.base import Knob, knob
from playground.sentences import Sentence, sentence
from playground.settings import SamplingParams, unknown_key

if TYPE_CHECKING:
    from playground.samplers.base import Sampler

MAX_BEAMS = 16
MAX_BEAM_TOKENS = 4096  # whoever shows a tree keeps all of it: a few hundred bytes for each continuation considered
ORDER = ORDERS["transformers"]
PENALTIES = ORDER[: ORDER.index("temperature")]  # what stands behind them acts only where beams are sampled
ONE_TEXT = ("mirostat",)  # goes by the probabilities with which one text was drawn

BEAMS = Knob("Beams", int, 1, MAX_BEAMS, neutral=4, usual=4, step=1, slider_maximum=MAX_BEAMS, off="1 is greedy.")
LENGTH_PENALTY = Knob(
    "Length penalty",
    float,
    -5,
    5,
    neutral=1.0,
    usual=1.0,
    step=0.1,
    slider_minimum=-2,
    slider_maximum=2,
    off="0 compares sums of logprobs, 1 their means; above 1 favors long texts.",
)
NEW_TOKENS = Knob("New tokens, at most,", int, 1, MAX_BEAM_TOKENS, neutral=40, usual=40, step=1, slider_maximum=256)
RETURNED = Knob("Returned sequences", int, 1, MAX_BEAMS, neutral=1, usual=4, step=1, slider_maximum=MAX_BEAMS)
GROUPS = Knob("Beam groups", int, 1, MAX_BEAMS, neutral=1, usual=2, step=1, slider_maximum=8, off="1 turns them off.")
DIVERSITY = Knob(
    "Diversity penalty", float, 0, 100, neutral=0.0, usual=0.5, step=0.1, slider_maximum=3, off="0 turns it off."
)
SAMPLED = Knob("Sample", bool, 0, 1, neutral=False, usual=False, step=1, slider_maximum=1)


@dataclass(frozen=True)
class BeamParams:
    """The settings of one beam search; each means what transformers means by it, diverse groups excepted.

    Attributes:
        num_beams: texts that are kept at each step.
        length_penalty: a score is the sum of logprobs ÷ (number of tokens, an end token included) ** length_penalty.
        early_stopping: True ends with the first ``num_beams`` finished texts; False where the best running text, scored
            at its length now, is no better than the worst of them; "never" where it cannot become better, which above a
            length penalty of 0 it is given ``max_new_tokens`` for.
        max_new_tokens: tokens to write at most; texts that reach it are finished too.
        num_return_sequences: hypotheses at the end, at most ``num_beams``.
        num_beam_groups: groups of ``num_beams`` ÷ ``num_beam_groups`` beams that search one after another at each step.
        diversity_penalty: subtracted from a token's logprob for each beam of an earlier group that took it at this step
            (Vijayakumar et al., Diverse Beam Search, 2016, arXiv:1610.02424, Hamming diversity).
        sample: draw continuations without replacement instead of taking the best.
        seed: of the luck of sampled beams, 0 … 2³²−1.
        samplers: one of each kind at most. Penalties act on logprobs, before they are summed; all others, such as
            temperature and top-p, only where beams are sampled. They act in transformers' order.
    """

    num_beams: int = knob(BEAMS)
    length_penalty: float = knob(LENGTH_PENALTY)
    early_stopping: bool | str = False
    max_new_tokens: int = knob(NEW_TOKENS)
    num_return_sequences: int = knob(RETURNED)
    num_beam_groups: int = knob(GROUPS)
    diversity_penalty: float = knob(DIVERSITY)
    sample: bool = knob(SAMPLED)
    seed: int | None = None
    samplers: tuple[Sampler, ...] = ()

    def __post_init__(self) -> None:
        """Check each value, then what excludes each other.

        Raises:
            SettingError: a value is outside its range, or has no effect beside another.
        """
        for item in fields(self):
            if "knob" in item.metadata:
                checked = item.metadata["knob"].check(item.name, getattr(self, item.name))
                object.__setattr__(self, item.name, checked)
        object.__setattr__(self, "seed", SamplingParams.from_dict({"seed": self.seed}).seed)
        self._check_early_stopping()
        self._check_returned()
        self._check_groups()
        self._check_samplers()

    @classmethod
    def from_dict(cls, flat: object) -> Self:
        """Read the flat form: the fields of this class and the keys of samplers, ``{"num_beams": 4, "top_k": 40}``.

        Raises:
            SettingError: an unknown key (with the nearest), a wrong type, or a value outside its range.
        """
        if not isinstance(flat, dict):
            raise SettingError(
                Sentence("Settings are {value}; they must be an object such as {{“num_beams”: 4}}.", value=shown(flat))
            )
        samplers = all_samplers()
        for key in flat:
            if key not in samplers and key not in FLAT_KEYS:
                raise unknown_key(str(key), (*FLAT_KEYS, *samplers))
        own = {key: value for key, value in flat.items() if key in FLAT_KEYS}
        return cls(**own, samplers=tuple(samplers[key].from_value(flat[key]) for key in flat if key in samplers))

    def to_dict(self) -> dict[str, Any]:
        """Return the flat form that ``from_dict`` reads back to an equal value."""
        return {key: getattr(self, key) for key in FLAT_KEYS} | {item.key: item.to_value() for item in self.samplers}

    @property
    def chain(self) -> tuple[Sampler, ...]:
        """The samplers that do something, in the order in which they act."""
        by_key = {item.key: item for item in self.samplers if not item.is_neutral}
        return tuple(by_key[key] for key in in_order(tuple(by_key), ORDER))

    @property
    def group_beams(self) -> int:
        """Beams of one group."""
        return self.num_beams // self.num_beam_groups

    def with_some_seed(self) -> Self:
        """Return settings that have a seed: the same ones, or with a seed picked at random."""
        return self if self.seed is not None else replace(self, seed=SamplingParams().with_some_seed().seed)

    def _check_early_stopping(self) -> None:
        value: object = self.early_stopping
        if value != "never" and not isinstance(value, bool):
            raise SettingError(
                Sentence("Early stopping is {value}; it must be true, false or “never”.", value=shown(value)),
                hint="False is what transformers does unless told otherwise.",
                field="early_stopping",
            )

    def _check_returned(self) -> None:
        if self.num_return_sequences > self.num_beams:
            raise SettingError(
                Sentence(
                    "Returned sequences is {count}; of {beams} it must lie in [1, {most}].",
                    count=self.num_return_sequences,
                    beams=_beams(self.num_beams),
                    most=self.num_beams,
                ),
                hint="Ask for fewer, or for more beams.",
                field="num_return_sequences",
            )

    def _check_groups(self) -> None:
        groups, beams = self.num_beam_groups, self.num_beams
        if beams % groups:
            fitting = tuple(count for count in range(1, beams + 1) if beams % count == 0)
            raise SettingError(
                Sentence(
                    "Beam groups is {groups}; {beams} cannot be split into {groups} equal groups.",
                    groups=groups,
                    beams=_beams(beams),
                ),
                hint=Sentence("It must be one of {fitting}.", fitting=fitting),
                field="num_beam_groups",
            )
        if groups > 1 and self.sample:
            raise SettingError(
                Sentence(
                    "Beam groups is {groups} and sampling is on; groups differ by a penalty, sampled beams by luck.",
                    groups=groups,
                ),
                hint="Set beam groups to 1, or turn sampling off.",
                field="num_beam_groups",
            )
        if (groups > 1) != (self.diversity_penalty > 0):
            vain, same = Sentence("without groups it has no effect"), Sentence("without one all groups write the same")
            raise SettingError(
                Sentence(
                    "Diversity penalty is {penalty:g} and beam groups is {groups}; {why}.",
                    penalty=self.diversity_penalty,
                    groups=groups,
                    why=vain if groups == 1 else same,
                ),
                hint="Set both, or a penalty of 0 and 1 group.",
                field="diversity_penalty",
            )

    def _check_samplers(self) -> None:
        keys = [item.key for item in self.samplers]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice:
            raise SettingError(Sentence("{name} is set twice.", name=twice), hint="Set it once.", field=twice)
        for item in self.chain:
            if item.key in ONE_TEXT:
                said = Sentence(
                    "{label} follows one text, and here are {beams}.",
                    label=sentence(item.label),
                    beams=_beams(self.num_beams),
                )
                raise SettingError(said, hint="Turn it off.", field=item.key)
            if not self.sample and item.key not in PENALTIES:
                raise SettingError(
                    Sentence(
                        "{label} is set, but beams that are not sampled take the best tokens, whatever it keeps.",
                        label=sentence(item.label),
                    ),
                    hint=Sentence("Turn sampling on, or {label} off.", label=sentence(item.label)),
                    field=item.key,
                )
            if self.sample and item.key == "temperature" and item.leaves_one:
                raise SettingError(
                    "Temperature is 0, which leaves each beam one token, and nothing to sample.",
                    hint="Turn sampling off, or set a temperature above 0.",
                    field=item.key,
                )


def _beams(count: int) -> Sentence:
    return Sentence("{count} beams", count=count) if count > 1 else Sentence("1 beam")


FLAT_KEYS = tuple(item.name for item in fields(BeamParams) if item.name != "samplers")
