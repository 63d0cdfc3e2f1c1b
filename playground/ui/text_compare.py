"""The words of the view of comparisons."""

from __future__ import annotations

COMPARE: dict[str, str] = {
    "view_compare": "Compare",
    "compare_empty": (
        "Write the same prompt in two to four ways at once: other models, other settings. Choose what to compare above "
        "and press Write all."
    ),
    "compare_preset": "What to compare",
    "compare_preset_own": "my own",
    "compare_preset_temperatures_two": "two temperatures: 0.3 · 1",
    "compare_preset_temperatures_four": "four temperatures: 0.1 · 0.4 · 0.7 · 1",
    "compare_preset_methods": "greedy · sampling · nucleus (top-p 0.9)",
    "compare_preset_models": "two models",
    "compare_preset_adapter": "a model without its adapter and with it",
    "compare_panes": "Panes",
    "compare_luck": "Luck",
    "compare_luck_common": "common",
    "compare_luck_own": "own",
    "compare_luck_common_said": (
        "Common luck: at each position every pane throws the same dart, so that a difference between the texts comes "
        "from the settings or the model, never from chance."
    ),
    "compare_luck_own_said": "Own luck: pane B draws with the next seed, C with the one after it, and so on.",
    "compare_fast": "in one batch",
    "compare_fast_help": (
        "Decodes panes of one model together even where that changes the last digits of their numbers; each pane says "
        "what was done."
    ),
    "compare_write": "Write all",
    "compare_write_help": "With the prompt, the seed and the length at the side.",
    "compare_stop": "Stop all",
    "compare_stop_one": "Stop pane {pane}",
    "compare_model": "Model of pane {pane}",
    "compare_cannot": "{title} – cannot run here yet: see Models",
    "compare_link_copied": "Link copied: whoever opens it sees these panes filled in, and presses Write all.",
    "compare_system": "System prompt of pane {pane}",
    "compare_edit": "Settings",
    "compare_edit_help": "Show this pane’s chain at the side, to change it.",
    "compare_editing": "The chain below is that of pane {pane}.",
    "compare_off": "off",
    "compare_neutral": "the model’s own distribution",
    "compare_turns": "{count} turns before",
    "compare_reply": "Reply in all panes",
    "compare_reply_help": "Keeps each pane’s answer as a turn of its chat; then type the next message.",
    "compare_anew": "Chat anew",
    "compare_changed": "Settings were changed after these texts were written.",
    "compare_same": "All texts are the same.",
    "compare_same_yet": "Up to here all texts are the same.",
    "compare_parted": "The texts part at {places}.",
    "compare_part": "{pane}: token {number} “{token}”",
    "compare_part_ended": "{pane}: its end",
    "compare_end": "end",
    "compare_parts_here": "Here the texts part.",
    "compare_click": "Click a token: every pane shows what it drew from at that place.",
    "compare_many": "What each token was drawn from is left out here: the texts are too long for one file.",
    "compare_picture": "What pane {pane} drew from",
    "compare_tried": "What pane {pane} would draw from under the settings at the side",
    "compare_no_token": "This text has no token at this place.",
    "compare_summary": "Side by side",
    "compare_column_pane": "Pane",
    "compare_column_model": "Model",
    "compare_column_differs": "settings that differ",
    "compare_column_tokens": "tokens",
    "compare_column_characters": "characters",
    "compare_column_ended": "ended",
    "compare_column_total_s": "time",
    "compare_column_first_s": "first token",
    "compare_column_rate": "tokens/s",
    "compare_column_mean_logprob": "mean logprob",
    "compare_column_mean_logprob_help": (
        "Natural logarithm of each token’s probability before the chain, in the mean; without the end token, which "
        "is not part of the text."
    ),
    "compare_column_perplexity": "perplexity",
    "compare_column_perplexity_help": (
        "The exponential of −mean logprob: how many tokens the model hesitated between. The same number as under "
        "“Each text under each model”, without the end token."
    ),
    "compare_column_distinct_1_help": "Different words ÷ words.",
    "compare_column_distinct_2_help": "Different pairs of words ÷ pairs.",
    "compare_column_repetition": "repetition",
    "compare_column_repetition_help": "Share of runs of four words that came before.",
    "compare_column_compression": "compression",
    "compare_column_compression_help": "Bytes ÷ what zlib makes of them: large where a text repeats itself.",
    "compare_chrf_said": "chrF and chrF++ by sacrebleu, {signature}",
    "compare_reference": "Reference text, for chrF",
    "compare_matrix": "Each text under each model",
    "compare_matrix_help": (
        "A row for each text: how perplexed each pane’s model is by it, before any chain and without its end token."
    ),
    "compare_gaps": "How far apart along one text",
    "compare_gaps_help": (
        "Every pane reads the chosen text; at each token its distributions are compared over the whole vocabulary."
    ),
    "compare_text_of": "Along the text of",
    "compare_pair": "Panes",
    "compare_reading": "Read {done} of {count} tokens …",
    "compare_ignored": "At most {share} of the probability lay on token ids that are left out.",
    "compare_vocabularies": "{one} and {other} have different vocabularies: their distributions cannot be compared.",
    "compare_diff": "Words that differ",
    "compare_diff_help": "From the first pane’s text to the other’s: struck out is left out, underlined is put in.",
    "compare_diff_long": "Not shown: more than {count} words lie between the first difference and the last.",
    "compare_vote": "Which is better?",
    "compare_blind": "blind: hide which pane is which until the vote",
    "compare_vote_tie": "tie",
    "compare_vote_bad": "all bad",
    "compare_voted": "You voted: {choice}.",
    "compare_votes": "Votes as JSON lines",
    "compare_png_help": "One picture with settings, texts, the table and every picture that is open here.",
    "compare_png_tall": "the picture would be {high} pixels high, and {most} is the most; HTML holds all of it",
    "compare_html_help": "One file with settings, texts, tables and pictures; it opens without server and network.",
}
