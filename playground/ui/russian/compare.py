"""The words of the view of comparisons in Russian."""

from __future__ import annotations

COMPARE: dict[str, str] = {
    "view_compare": "Сравнение",
    "compare_empty": (
        "Один промпт — сразу от двух до четырёх текстов: разные модели, разные настройки. Выберите выше, что "
        "сравнивать, и нажмите «Написать все»."
    ),
    "compare_preset": "Что сравнить",
    "compare_preset_own": "своё",
    "compare_preset_temperatures_two": "две температуры: 0.3 · 1",
    "compare_preset_temperatures_four": "четыре температуры: 0.1 · 0.4 · 0.7 · 1",
    "compare_preset_methods": "жадный выбор · сэмплирование · ядро (top-p 0.9)",
    "compare_preset_models": "две модели",
    "compare_preset_adapter": "модель без адаптера и с ним",
    "compare_panes": "Панели",
    "compare_luck": "Жребий",
    "compare_luck_common": "общий",
    "compare_luck_own": "свой",
    "compare_luck_common_said": (
        "Общий жребий: на каждой позиции все панели бросают один и тот же дротик, поэтому тексты различаются из-за "
        "настроек или модели, а не случайно."
    ),
    "compare_luck_own_said": "Свой жребий: панель B берёт следующий seed, C — ещё следующий и так далее.",
    "compare_fast": "одним пакетом",
    "compare_fast_help": (
        "Панели одной модели считаются вместе, даже если от этого меняются последние цифры; каждая панель говорит, "
        "как было."
    ),
    "compare_write": "Написать все",
    "compare_write_help": "С промптом, seed и длиной, заданными сбоку.",
    "compare_stop": "Остановить все",
    "compare_stop_one": "Остановить панель {pane}",
    "compare_model": "Модель панели {pane}",
    "compare_cannot": "{title} — пока не запустить, см. «Модели»",
    "compare_link_copied": "Ссылка скопирована: кто её откроет, увидит эти панели и нажмёт «Написать все».",
    "compare_system": "Системный промпт панели {pane}",
    "compare_edit": "Настройки",
    "compare_edit_help": "Показать цепочку этой панели сбоку, чтобы изменить её.",
    "compare_editing": "Цепочка ниже — панели {pane}.",
    "compare_off": "выкл.",
    "compare_neutral": "распределение самой модели",
    "compare_turns": "реплик до этого: {count}",
    "compare_reply": "Ответить во всех",
    "compare_reply_help": "Ответ каждой панели становится репликой её чата; затем введите следующее сообщение.",
    "compare_anew": "Новый чат",
    "compare_changed": "Настройки изменены после того, как эти тексты написаны.",
    "compare_same": "Все тексты одинаковы.",
    "compare_same_yet": "Пока все тексты одинаковы.",
    "compare_parted": "Тексты расходятся: {places}.",
    "compare_part": "{pane} — токен {number} «{token}»",
    "compare_part_ended": "{pane} — конец",
    "compare_end": "конец",
    "compare_parts_here": "Здесь тексты расходятся.",
    "compare_click": "Нажмите на токен: каждая панель покажет, из чего выбирала в этом месте.",
    "compare_many": "Из чего выбирался каждый токен, здесь нет: для одного файла тексты слишком длинны.",
    "compare_picture": "Из чего выбирала панель {pane}",
    "compare_tried": "Из чего выбирала бы панель {pane} при настройках сбоку",
    "compare_no_token": "В этом тексте такого места нет.",
    "compare_summary": "Рядом",
    "compare_column_pane": "Панель",
    "compare_column_model": "Модель",
    "compare_column_differs": "разные настройки",
    "compare_column_tokens": "токенов",
    "compare_column_characters": "символов",
    "compare_column_ended": "конец",
    "compare_column_total_s": "время",
    "compare_column_first_s": "первый токен",
    "compare_column_rate": "токенов/с",
    "compare_column_mean_logprob": "средний logprob",
    "compare_column_mean_logprob_help": (
        "Натуральный логарифм вероятности токена до цепочки, в среднем; без конечного токена: он в текст не входит."
    ),
    "compare_column_perplexity": "перплексия",
    "compare_column_perplexity_help": (
        "Экспонента от −среднего logprob: между сколькими токенами колебалась модель. То же число, что в таблице "
        "«Каждый текст под каждой моделью», без конечного токена."
    ),
    "compare_column_distinct_1_help": "Разных слов ÷ слов.",
    "compare_column_distinct_2_help": "Разных пар слов ÷ пар.",
    "compare_column_repetition": "повторы",
    "compare_column_repetition_help": "Доля четвёрок слов, которые уже были.",
    "compare_column_compression": "сжатие",
    "compare_column_compression_help": "Байт ÷ байт после zlib: велико, если текст повторяется.",
    "compare_chrf_said": "chrF и chrF++ считает sacrebleu, {signature}",
    "compare_reference": "Эталонный текст, для chrF",
    "compare_matrix": "Каждый текст под каждой моделью",
    "compare_matrix_help": (
        "Строка на текст: насколько он неожидан для модели каждой панели, до всякой цепочки и без конечного токена."
    ),
    "compare_gaps": "Как далеки панели вдоль одного текста",
    "compare_gaps_help": (
        "Все панели читают выбранный текст; на каждом токене их распределения сравниваются по всему словарю."
    ),
    "compare_text_of": "Вдоль текста",
    "compare_pair": "Панели",
    "compare_reading": "Прочитано токенов: {done} из {count} …",
    "compare_ignored": "На токенах, которые не сравниваются, было не больше {share} вероятности.",
    "compare_vocabularies": "У {one} и {other} разные словари: их распределения сравнить нельзя.",
    "compare_diff": "Чем различаются слова",
    "compare_diff_help": "От текста первой панели к тексту другой: зачёркнутое убрано, подчёркнутое добавлено.",
    "compare_diff_long": "Не показано: между первым и последним различием больше {count} слов.",
    "compare_vote": "Что лучше?",
    "compare_blind": "вслепую: не показывать, где какая панель, до голоса",
    "compare_vote_tie": "поровну",
    "compare_vote_bad": "все плохи",
    "compare_voted": "Ваш голос: {choice}.",
    "compare_votes": "Голоса построчно в JSON",
    "compare_png_help": "Одна картинка с настройками, текстами, таблицей и всеми картинками, которые здесь открыты.",
    "compare_png_tall": "высота картинки была бы {high} пикселей, а больше {most} нельзя; в HTML поместится всё",
    "compare_html_help": "Один файл с настройками, текстами, таблицами и картинками: открывается без сервера и сети.",
}
