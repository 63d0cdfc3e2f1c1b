"""The words of the view of beams in Russian."""

from __future__ import annotations

BEAMS: dict[str, str] = {
    "view_beams": "Лучи",
    "beam_num_beams": "Лучей",
    "beam_num_beams_help": "Столько текстов остаётся на каждом шаге — те, у кого сумма выше. 1 — жадный поиск.",
    "beam_length_penalty": "Штраф за длину",
    "beam_length_penalty_help": (
        "Оценка текста — сумма логарифмов вероятностей ÷ число токенов в этой степени: 0 сравнивает суммы, 1 — "
        "средние; больше 1 — в пользу длинных текстов."
    ),
    "beam_num_return_sequences": "Текстов в ответе",
    "beam_num_return_sequences_help": "Столько лучших; не больше, чем лучей.",
    "beam_num_beam_groups": "Групп",
    "beam_num_beam_groups_help": (
        "Разнообразные лучи: равные группы, которые на каждом шаге ищут одна за другой. 1 — выключено."
    ),
    "beam_diversity_penalty": "Штраф за повтор",
    "beam_diversity_penalty_help": (
        "Сколько теряет токен за каждый луч прежних групп, который его взял. 0 — выключено."
    ),
    "beam_sample": "Случайный выбор",
    "beam_sample_help": "Продолжения выбираются жребием под действием всей цепочки, а не лучшие.",
    "beam_early_stopping": "Остановка",
    "beam_early_stopping_false": "обычная: лучшего не видно",
    "beam_early_stopping_true": "ранняя: законченных текстов столько же, сколько лучей",
    "beam_early_stopping_never": "поздняя: лучшее невозможно",
    "beam_search": "Искать",
    "beam_search_help": "С моделью, промптом, seed и длиной, заданными сбоку.",
    "beam_fold": "Сворачивать шаги без ветвления",
    "beam_empty": (
        "Лучевой поиск держит сразу несколько текстов и продолжает те, что вероятнее в целом. Нажмите «Искать» и "
        "смотрите, как он решает."
    ),
    "beam_ended": "{said} Секунд: {seconds}.",
    "beam_broken": "Поиск прерван.",
    "beam_left_out": "Без случайного выбора поиск берёт лучшее, поэтому не участвует: {names}.",
    "beam_no_stop": "Стоп-тексты не останавливают лучи.",
    "beam_order": "Здесь цепочка действует в порядке transformers.",
    "beam_omitted": "Не нарисовано столбцов в начале: {count}; в сохранённом дереве они есть.",
    "beam_tree": "Дерево поиска",
    "beam_returned": "в ответе поиска",
    "beam_rerank": "Порядок при штрафе за длину",
    "beam_branch": "Текст до этого места",
    "beam_branch_help": "Картинка ниже показывает, из чего взят его последний токен при цепочке, заданной сбоку.",
    "beam_path_greedy_label": "жадный",
    "beam_path_sampled_label": "один случайный",
    "beam_path_over": "Наложить путь:",
    "beam_path_greedy": "Жадный выбор пишет «{text}»: сумма {total}, оценка {score}.",
    "beam_path_sampled": "Цепочка и seed, заданные сбоку, пишут «{text}»: сумма {total}, оценка {score}.",
    "beam_path_same": "Это и лучший текст поиска.",
    "beam_path_worse": "Это ниже, чем у лучшего текста поиска: {score}.",
    "beam_path_better": "Это выше, чем у лучшего текста поиска: {score}; лучи отбросили этот текст по дороге.",
}
