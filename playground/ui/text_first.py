"""The words of a first visit and of the tour."""

from __future__ import annotations

FIRST: dict[str, str] = {
    "first_title": "A recorded text, to begin with",
    "first_recorded": (
        "{model} wrote it on {day} ({build}); no model runs for it now. Press its tokens to see what each was drawn "
        "from. When you press Write, your own text takes its place."
    ),
    "tour_offer": "First time here?",
    "tour_take": "Show me around, in five steps",
    "tour_leave": "No, thanks",
    "tour": "Show me around",
    "tour_step": "{number} of {count}: {title}",
    "tour_back": "Back",
    "tour_next": "Next",
    "tour_done": "Done",
    "tour_end": "End the tour",
    "tour_1": "Write",
    "tour_1_text": (
        "Type a prompt and press Write. The text comes token by token from a model on the machine that serves this "
        "page."
    ),
    "tour_2": "Tokens",
    "tour_2_text": (
        "The stronger a token’s color, the less the model expected it. Point at one for what else could have come; "
        "press it, or walk with the arrow keys, to see the whole choice below."
    ),
    "tour_3": "The choice",
    "tour_3_text": (
        "Gray is what the model gave each token, blue what was left to draw from, hatched what was removed and by "
        "what. Press a bar to go on with that token. Waterfall shows it step by step."
    ),
    "tour_4": "Samplers",
    "tour_4_text": (
        "A card for each sampler, in the order in which they act. Move a slider: the picture follows at once, and the"
        " text shows what could no longer have been drawn. Each “?” has the definition."
    ),
    "tour_5": "Keep it",
    "tour_5_text": (
        "A link holds prompt, settings and seed; the same seed writes the same text again. Pictures and texts can be "
        "saved, too. This tour is at “?” in the bar above."
    ),
    "tour_beams_1": "Search",
    "tour_beams_1_text": (
        "A beam search keeps several texts at once and goes on with the most probable ones. Set how many here, and "
        "press Search; model, prompt and length are those at the side."
    ),
    "tour_beams_2": "The tree",
    "tour_beams_2_text": (
        "A column for each token, a lane for each text that is kept. Thick and green is the best one; dashes were "
        "dropped later, crosses were never kept. Press a mark for its text, and for what its token was taken from."
    ),
    "tour_beams_3": "Texts",
    "tour_beams_3_text": (
        "What the search found, the best first. The slider ranks it under another length penalty without the model, "
        "and a sentence says how the search itself would have gone."
    ),
    "tour_compare_1": "What to compare",
    "tour_compare_1_text": (
        "Choose two temperatures, methods or models here, or your own, and press Write all. Prompt, seed and length "
        "are those at the side; with common luck a difference comes from the settings or the model."
    ),
    "tour_compare_2": "Panes",
    "tour_compare_2_text": (
        "Each pane has its own model and settings: “Settings” puts its chain at the side. What differs is marked, and "
        "so is the token at which the texts part; click one to see what every pane drew from there."
    ),
    "tour_compare_3": "Numbers",
    "tour_compare_3_text": (
        "When the texts are written: a vote, a table, the words that differ, how far the panes are apart, and each "
        "text under each model. All of it can be saved, as one page of HTML, too."
    ),
    "projector": "Large type, for a projector",
}
