"""The words of the written tokens in Russian: what their color says."""

from __future__ import annotations

STRIP: dict[str, str] = {
    "token_about": "{before} до · {after} после · ранг {rank}",
    "token_label": "{piece}, токен {number}, {about}",
    "peek_rank": "токен {number} · ранг {rank} из {vocab} · {bits} бит",
    "peek_token": "токен",
    "peek_drawn": "◀ выпал",
    "peek_chosen": "◀ выбран",
    "peek_others": "остальные: {count}",
    "peek_foot": "энтропия {before} → {after} бит · доступно токенов: {support}",
    "color": "Цвет",
    "color_help": "Что показывают цвет написанного токена и толщина линии под ним.",
    "color_surprisal": "неожиданность",
    "color_surprisal_low": "0 бит: ожидался",
    "color_surprisal_high": "{bits} бит и больше: сюрприз",
    "color_surprisal_said": "неожиданность {bits} бит",
    "color_surprisal_help": (
        "Насколько сама модель не ждала этого токена: −log₂ его вероятности до цепочки. У токена с вероятностью одна "
        "вторая 1 бит, с вероятностью одна тысячная — 10."
    ),
    "color_probability": "вероятность",
    "color_probability_low": "100%: достоверен",
    "color_probability_high": "0%: почти невозможен",
    "color_probability_help": "С какой вероятностью токен выпадал после цепочки: насколько ему повезло.",
    "color_entropy": "энтропия",
    "color_entropy_low": "0 бит: всё решено",
    "color_entropy_high": "{bits} бит и больше: выбор открыт",
    "color_entropy_said": "энтропия после {bits} бит",
    "color_entropy_help": (
        "Насколько открытым был выбор после цепочки, какой бы токен ни выпал: 0 бит, если один токен был достоверен, "
        "6 бит, если всё было как при 64 равновероятных."
    ),
    "color_none": "без раскраски",
}
