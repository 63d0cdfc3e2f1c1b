"""The words of how a text ends and goes on, in Russian."""

from __future__ import annotations

WRITING: dict[str, str] = {
    "chat_user": "Вы",
    "chat_assistant": "Модель",
    "chat_before": "Чат до этого места",
    "chat_turn": "{role}, реплика {number}",
    "chat_cut": "Убрать эту реплику и все после неё",
    "chat_next": "Введите следующую реплику.",
    "reply": "Ответить …",
    "reply_help": "Ответ модели становится репликой чата (её можно править), а промпт освобождается для следующей.",
    "edit": "Править как промпт",
    "edit_help": (
        "Промпт и текст вместе становятся промптом: его можно править и писать дальше. «Вернуть» возвращает прежний."
    ),
    "again": "Ещё раз, новый seed",
    "again_help": "Написать с этим же промптом и настройками, но с seed, который выберет браузер.",
    "tree": "Все тексты этой страницы",
    "tree_root": "{number} · seed {seed}: «{text}»",
    "tree_branch": "{number} · с токена {token}: «{text}»",
    "tree_grown": "· продолжений: {count}",
    "score_prompt": "Оценить промпт",
    "score_prompt_help": "Прочитать промпт ещё раз и раскрасить его токены по тому, насколько модель их ожидала.",
    "stat_prompt": "перплексия промпта",
    "stat_prompt_help": "2 в степени средней неожиданности токенов промпта, кроме первого: перед ним ничего нет.",
    "prompt_about": "{before} · ранг {rank}",
    "prompt_chip": "{piece}, токен {number} промпта",
    "prompt_label": "{piece}, токен {number} промпта, {about}",
    "stop_texts": "Стоп-тексты",
    "stop_texts_help": (
        "Текст кончается за токеном, который завершает один из них, как бы он ни делился на токены. \\n — новая строка."
    ),
    "stops_at": "стоп-тексты: {texts}",
}
