"""Titles and origins of the presets in Russian."""

from __future__ import annotations

PRESETS: dict[str, tuple[str, str]] = {
    "neutral": ("Нейтральный", "Не действует ни один сэмплер: собственные вероятности модели."),
    "greedy": ("Жадный", "На каждом шаге самый вероятный токен; seed не важен."),
    "precise": ("Точный", "Наш, для фактов и кода: распределение заострено, маловероятная десятая часть отрезана."),
    "balanced": (
        "Умеренный",
        "Наш, с него начинает страница: некоторое разнообразие без надуманных токенов.",
    ),
    "creative": (
        "Творческий",
        (
            "Горячо, но над порогом, который поднимается там, где модель уверена: температура 1.5 и min-p 0.1, как у "
            "Nguyen et al., 2024, arXiv:2407.01082."
        ),
    ),
    "transformers": (
        "Умолчания transformers",
        "Что делает generate(do_sample=True) в transformers 5.23, если generation_config модели молчит.",
    ),
    "llama.cpp": (
        "Умолчания llama.cpp",
        "Что делают llama-cli, llama-server и llama-cpp-python, если ничего не задано.",
    ),
}
