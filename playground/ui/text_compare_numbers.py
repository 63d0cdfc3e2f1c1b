"""The words of what lies between two panes; ``text`` has all others."""

from __future__ import annotations

COMPARE_NUMBERS: dict[str, str] = {
    "gaps_kl_bits": "KL({pair}), bits · dotted: models, solid: drawn from",
    "gaps_js_bits": "Jensen–Shannon, bits (at most 1)",
    "gaps_overlap": "overlap: probability that both share",
    "gaps_token": (
        "token {number}: {token}\nmodels: KL({pair}) {raw_kl_bits} · JS {raw_js_bits} · overlap {raw_overlap}\n"
        "drawn from: KL({pair}) {final_kl_bits} · JS {final_js_bits} · overlap {final_overlap}"
    ),
    "matrix_under": "perplexity under the model of",
    "matrix_text": "text of",
    "matrix_cell": "perplexity {perplexity}\n{bits} bits per character\n{tokens} tokens",
}
