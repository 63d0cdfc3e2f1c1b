"""The words of what lies between two panes, in Russian."""

from __future__ import annotations

COMPARE_NUMBERS: dict[str, str] = {
    "gaps_kl_bits": "KL({pair}), бит · пунктир: модели, линия: после",
    "gaps_js_bits": "Йенсен – Шеннон, бит (не больше 1)",
    "gaps_overlap": "перекрытие: общая часть вероятности",
    "gaps_token": (
        "токен {number}: {token}\nмодели: KL({pair}) {raw_kl_bits} · JS {raw_js_bits} · перекрытие {raw_overlap}\n"
        "после цепочки: KL({pair}) {final_kl_bits} · JS {final_js_bits} · перекрытие {final_overlap}"
    ),
    "matrix_under": "перплексия под моделью",
    "matrix_text": "текст панели",
    "matrix_cell": "перплексия {perplexity}\nбит на символ: {bits}\nтокенов: {tokens}",
}
