"""The words of what leaves the page as a file and what comes back, in Russian."""

from __future__ import annotations

SAVING: dict[str, str] = {
    "copy_code": "Копировать как код …",
    "code_copied": "Скрипт скопирован. В первых строках сказано, что ему нужно от {library} и насколько он точен.",
    "save_csv": "сохранить как CSV",
    "save_json": "сохранить как JSON",
    "save_json_help": "Текст и все распределения, из которых он выбран; открыть его снова можно без модели.",
    "save_as": "Сохранить …",
    "save_as_help": "Картинка вместе с настройками или её таблица.",
    "save_seed": "{settings} · seed {seed}",
    "save_tokens": "токены {first}–{last}: {settings}",
    "save_curves": "Кривые текста, от первого токена до последнего",
    "save_wait": "Рисунка ещё нет. Подождите, пока он появится.",
    "save_broken": "Ничего не сохранено: {reason}",
    "open_run": "Открыть сохранённый текст …",
    "open_run_help": (
        "Файл, который записан по «сохранить как JSON»; его можно и просто бросить на страницу. Модель не нужна."
    ),
    "open_large": "Файл {name} больше {most} МБ; больше этого не читается.",
    "open_unreadable": "Файл {name} не читается.",
    "opened_from": "из файла",
    "link_copied_file": "Ссылка скопирована. В ней промпт и настройки этой страницы, а не текст из файла.",
}
