"""The words of the waterfall, and those of the rules that are drawn in it."""

from __future__ import annotations

WATERFALL: dict[str, str] = {
    "waterfall_model": "Model",
    "waterfall_final": "Drawn from",
    "waterfall_reaches": "reaches a sampler",
    "waterfall_leaves": "leaves it",
    "waterfall_goes": "is removed",
    "waterfall_others": "all others together",
    "waterfall_token": "{count} token",
    "waterfall_tokens": "{count} tokens",
    "waterfall_still": "{count}, entropy {entropy} bits",
    "waterfall_idle": " · changed nothing here: {names}",
    "waterfall_sharper": "removes nothing, sharpens: entropy {entropy}",
    "waterfall_even": "removes nothing, moves some tokens: entropy {entropy}",
    "waterfall_flatter": "removes nothing, flattens: entropy {entropy}",
    "waterfall_removes": "removes {count}, {mass} of what reached it",
    "waterfall_grows": "; rest × {factor}",
    "waterfall_log": " (logarithmic axis)",
    "waterfall_rule_cut": "{rule}: what stands right of the line goes",
    "waterfall_rule_floor": "floor {rule}: tokens below it go",
    "waterfall_best_stays": ", but the best always stays",
    "waterfall_rule_ceiling": "{rule}: tokens that reach it go, all but the last of them",
    "waterfall_rule_staircase": "{rule}: bars piled up; the one that reaches the line is the last to stay",
    "waterfall_rule_staircase_under": "{rule}: bars piled up; those that end above the line go, but never the best",
    "waterfall_rule_budget": (
        "{rule}: each token’s part of the entropy, piled up; those that end above the line go, but never the best"
    ),
    "waterfall_rule_distance": (
        "{rule}; a bar shows how far a token’s surprisal lies from the entropy; outside the band it goes"
    ),
    "waterfall_rule_named": "{rule}, for {count}, marked ▼ where shown",
    "waterfall_rule_shape": "{rule}",
    "waterfall_reached": "reached it with {share}",
    "waterfall_left": "left it with {share}",
    "waterfall_gone": "removed here",
    "waterfall_pile": "the pile up to here: {pile}",
    "waterfall_away": "surprisal {surprisal} bits, {bits} from the entropy",
    "waterfall_rest": "{count} more, all together",
    "waterfall_taller": "taller than drawn",
    "waterfall_band": "entropy ± {bits} bits",
    "waterfall_bits": "{bits} bits",
    "formula": "From logit to probability",
    "formula_help": (
        "The numbers behind one token, as the chain computes them: e^logit ÷ the sum of e^logit over all tokens in "
        "play, which is written as a power of e, too. Point at a bar for its token, or choose one here."
    ),
    "formula_token": "Token",
    "formula_logit": "logit {logit}",
    "formula_over": ", the sum over {count} tokens,",
    "formula_unchanged": "{logit}, unchanged",
    "formula_removed": "removed here; {share} had reached it",
    "formula_stays": "stays: {before} ÷ {kept} = {after}",
    "formula_drawn": "drawn with {share}",
    "formula_never": "cannot be drawn",
    "rule_bits": "bits",
    "rule_threshold": "threshold",
    "rule_surprisal": "surprisal",
    "rule_logit": "logit",
    "rule_above": "above",
    "rule_below": "below",
    "rule_count": "count",
    "rule_echo": "echo",
}
