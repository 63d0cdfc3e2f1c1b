"""A run as a script that a person can paste into a notebook: one file for each library, in plain text.

- A script needs nothing of this package. It loads the weights by the library's own means, turns the prompt into the
  same tokens, applies the samplers that act in the run's order and draws with the same luck: where the entry of
  models.yaml runs in that library, it prints the run's text to the last letter.
- The samplers are those of ``Sampler.plain``, whose source is copied (``source``); a library's own processor stands in
  for one where it does the same to the last bit. A sampler without a plain form is refused, never left out.
- The settings stand in the script by value and every text by ``repr``, so that no prompt breaks out of its quotes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.errors import ModelError, PromptError, SettingError, shown
from playground.refusals import cannot_run
from playground.scripts import llama_cpp_python, transformers
from playground.sentences import Sentence

if TYPE_CHECKING:
    from collections.abc import Callable

    from playground.entry import ModelSpec
    from playground.records import Prompt
    from playground.settings import SamplingParams

__all__ = ["LIBRARIES", "as_code"]

LIBRARIES: dict[str, Callable[[ModelSpec, Prompt, SamplingParams], str]] = {
    module.LIBRARY.name: module.script for module in (transformers, llama_cpp_python)
}


def as_code(library: str, spec: ModelSpec, prompt: Prompt, params: SamplingParams) -> str:
    """Return a run as a script of a library, one of ``LIBRARIES``.

    Args:
        library: its name.
        spec: the model as it was loaded, that is with what was adjusted on the page.
        prompt: the prompt as it was sent. To go on with a text, give it as ids.
        params: the settings as they acted, seed included.

    Raises:
        SettingError: there is no such library, no seed, or a sampler that has no plain form.
        PromptError: the prompt is empty, or what somebody went on with by hand.
        ModelError: the library cannot read this model.
    """
    if library not in LIBRARIES:
        raise SettingError(
            Sentence("There are no scripts for {library}.", library=shown(library)),
            hint=Sentence("There are some for {names}.", names=tuple(LIBRARIES)),
        )
    if params.seed is None:
        raise SettingError("The seed is empty, so that a script would not write this text.", hint="Run first.")
    if prompt.written or prompt.chosen:
        raise PromptError(
            "This text was continued by hand; a script writes one from its prompt on.", hint="Copy another."
        )
    if spec.problem:
        raise cannot_run(spec.title, spec.problem)
    if spec.backend == "toy":
        raise ModelError(
            Sentence("{title} is a table of words and no network; no library reads it.", title=spec.title),
            hint="Choose another model.",
        )
    return LIBRARIES[library](spec, prompt, params)
