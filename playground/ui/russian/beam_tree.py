"""The words of the picture of a beam search, of its table of texts and of another length penalty, in Russian."""

from __future__ import annotations

BEAM_TREE: dict[str, str] = {
    "beams_after": "Как идёт поиск после «{tail}»",
    "beams_so_far": "Шагов: {steps}. Готовых текстов: {finished}.",
    "beams_goes_on": "Поиск продолжается.",
    "beams_broken": "Поиск прерван.",
    "beams_never": "Поиск остановлен до первого шага.",
    "beams_end_full": "Поиск закончен: готовых текстов столько же, сколько лучей.",
    "beams_end_no_better": "Поиск закончен: незаконченные тексты не лучше готовых.",
    "beams_end_length": "Поиск закончен: достигнута заданная длина.",
    "beams_end_no_beam": "Поиск закончен: продолжать больше нечего.",
    "beams_end_stopped": "Поиск остановлен; незаконченные тексты тоже в списке.",
    "beams_best": "лучший текст при штрафе за длину {penalty}",
    "beams_best_yet": "лучший текст пока что",
    "beams_lives": "оставлен",
    "beams_dead": "сначала оставлен, потом отброшен",
    "beams_pruned": "рассмотрен, не оставлен",
    "beams_more": "столько ещё рассмотрено",
    "beams_finished": "готов, с оценкой",
    "beams_running": "продолжается или продолжался в конце",
    "beams_greedy": "жадный: всегда самый вероятный токен",
    "beams_sampled": "один текст, выбранный жребием",
    "beams_prompt": "промпт",
    "beams_axis": "токен",
    "beams_more_said": "токен {step}: рассмотрено и не оставлено ещё {count}:\n{names}",
    "beams_greedy_said": "жадный, токен {number}: {token}\n{text}",
    "beams_sampled_said": "жребий, токен {number}: {token}\n{text}",
    "beams_tip": (
        "<b>{token}</b> · токен {number}\nлогарифм вероятности у модели {logprob}, учтён как {step}\n"
        "сумма до сих пор {total} · оценка {score}\nместо {rank} из {considered} рассмотренных\n{why}\n<i>{text}</i>"
    ),
    "beams_why_kept": "оставлен: дальше идут {beams}, этот — номер {rank} из {considered}",
    "beams_why_dropped": "; на токене {step} не оставлено ни одного его продолжения",
    "beams_why_over": "оставлен, но поиск на этом закончился",
    "beams_why_stopped": "продолжался, когда поиск остановили",
    "beams_why_pruned": "не оставлен: дальше идут только {beams}, с наибольшими суммами",
    "beams_why_ended_late": "закончился, но готовыми могут стать только первые {beams} из рассмотренных",
    "beams_why_ended_worse": "закончился, но {beams} готовых текстов имеют оценку выше",
    "beams_why_eos": "готов: модель закончила текст здесь",
    "beams_why_length": "готов: задано токенов {tokens}",
    "beams_texts": "Тексты",
    "beams_column_rank": "место",
    "beams_column_score": "оценка",
    "beams_column_total": "сумма логарифмов",
    "beams_column_mean": "средний логарифм",
    "beams_column_tokens": "токенов",
    "beams_column_ending": "конец",
    "beams_column_text": "текст",
    "beams_ending_eos": "от модели",
    "beams_ending_length": "по заданной длине",
    "beams_ending_stopped": "по кнопке «Стоп»",
    "beams_course_own": "С этим штрафом за длину поиск и шёл.",
    "beams_course_same": "Со штрафом за длину {penalty} поиск сделал бы те же шаги.",
    "beams_course_earlier": "Со штрафом за длину {penalty} поиск закончился бы раньше, на токене {step}.",
    "beams_course_later": (
        "Со штрафом за длину {penalty} поиск продолжился бы там, где этот закончился; что он нашёл бы, покажет только "
        "сам поиск."
    ),
    "beams_course_unknown": (
        "Как шёл бы поиск со штрафом за длину {penalty}, по этому поиску сказать нельзя; таблица упорядочивает то, что "
        "есть."
    ),
    "beams_course_tree": "Дерево по-прежнему показывает лучший текст при штрафе {penalty}.",
    "beams_course_first": "Лучшим он вернул бы первый текст этой таблицы.",
    "beams_course_other": "Лучшим он вернул бы другой текст, а не первый в этой таблице.",
}
