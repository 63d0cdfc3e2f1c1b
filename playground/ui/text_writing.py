"""The sentences about how a text ends and goes on; ``text`` has all others."""

from __future__ import annotations

WRITING: dict[str, str] = {
    "chat_user": "You",
    "chat_assistant": "Model",
    "chat_before": "The chat so far",
    "chat_turn": "{role}, turn {number}",
    "chat_cut": "Take out this turn and all after it",
    "chat_next": "Type the next message.",
    "reply": "Reply …",
    "reply_help": "The answer becomes a turn of the chat, where it can be edited; the prompt is free for the next one.",
    "edit": "Edit as prompt",
    "edit_help": "Prompt and text become the prompt, to be edited and written on. Undo brings the prompt back.",
    "again": "Again, new seed",
    "again_help": "Write with the prompt and settings as they stand and a seed drawn by this browser.",
    "tree": "All texts of this page",
    "tree_root": "{number} · seed {seed}: “{text}”",
    "tree_branch": "{number} · from token {token} on: “{text}”",
    "tree_grown": "· gone on {count} ×",
    "score_prompt": "Score the prompt",
    "score_prompt_help": "Read the prompt once more and color its tokens by how much the model expected each of them.",
    "stat_prompt": "perplexity of the prompt",
    "stat_prompt_help": "2 to the mean surprisal of the prompt’s tokens but the first, which has nothing before it.",
    "prompt_about": "{before} · rank {rank}",
    "prompt_chip": "{piece}, token {number} of the prompt",
    "prompt_label": "{piece}, token {number} of the prompt, {about}",
    "stop_texts": "Stop texts",
    "stop_texts_help": (
        "The text ends behind the token that completes one of them, wherever tokens begin and end. \\n is a new line."
    ),
    "stops_at": "stops at {texts}",
}
