"""The sentences about what leaves the page as a file and what comes back; ``text`` has all others."""

from __future__ import annotations

SAVING: dict[str, str] = {
    "copy_code": "Copy as code …",
    "code_copied": "The script is copied. Its first lines say what it needs of {library}, and how exact it is.",
    "save_csv": "save as CSV",
    "save_json": "save as JSON",
    "save_json_help": "The text with every distribution that it was drawn from, to be opened again without a model.",
    "save_as": "Save as …",
    "save_as_help": "The picture, with its settings in it, or its table.",
    "save_seed": "{settings} · seed {seed}",
    "save_tokens": "tokens {first}–{last}: {settings}",
    "save_curves": "Curves of a text, from the first token to the last",
    "save_wait": "The picture is not there yet. Wait until it is drawn.",
    "save_broken": "Nothing was saved: {reason}",
    "open_run": "Open a saved run …",
    "open_run_help": "A file that “save as JSON” wrote; or drop it on the page. No model is needed.",
    "open_large": "{name} is larger than {most} MB, the most that is read.",
    "open_unreadable": "{name} cannot be read.",
    "opened_from": "opened from file",
    "link_copied_file": "The link is copied. It holds this page’s prompt and settings, not the text from the file.",
}
