"""Prompts to begin with: what they show differs with temperature, with the system prompt or with a penalty."""

from __future__ import annotations

from dataclasses import dataclass

HARBOR = "Describe a morning in a small harbor town."


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt with a name; the page calls it ``example_<key>`` in its texts."""

    key: str
    prompt: str
    mode: str = "completion"
    system: str = ""


EXAMPLES = (
    Example("secret", "The secret to a successful life is"),
    Example("capital", "The capital of France is"),
    Example("story", "Once upon a time there was"),
    Example("translation", "sea = mer\nbread = pain\nhouse = maison\nwater ="),
    Example("code", "def fibonacci(n):\n    "),
    Example("repetition", "Row, row, row your boat. Row, row, row your boat. Row,"),
    Example("verse", "Я помню чудное мгновенье:\nПередо мной явилась ты,\n"),  # Pushkin, 1825
    Example(
        "storyteller",
        HARBOR,
        mode="chat",
        system="You are a storyteller. You answer with vivid, surprising stories, rich in images, and never dryly.",
    ),
    Example(
        "json",
        HARBOR,
        mode="chat",
        system=(
            "You are a machine that answers in strict JSON only: one object with the keys place, time, sights and "
            "sounds. You never write anything outside the object."
        ),
    ),
)
