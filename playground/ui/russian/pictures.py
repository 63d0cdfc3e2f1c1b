"""The words of the pictures in Russian: distribution, what if, curves, waterfall."""

from __future__ import annotations

PICTURES: dict[str, str] = {
    "column_before": "до",
    "column_after": "после",
    "before": "до (модель)",
    "after": "после (из этого выбор)",
    "removed": "удалено и чем",
    "drawn": "выбран",
    "rank": "ранг",
    "counted": "выпало {count} из {total}, {share}; ожидалось {expected}",
    "counted_legend": "розыгрышей: {total}",
    "view_distribution": "Распределение",
    "view_waterfall": "Водопад",
    "view": "Картинка",
    "draw_many": "Разыграть 1\u00a0000 ×",
    "draw_more": "ещё 1\u00a0000",
    "counted_note": (
        "Розыгрышей по синим столбцам: {total}, у каждого свой жребий от seed {seed}. По воле одного случая доля "
        "самого вероятного токена, {expected}, в 95 из 100 таких серий отклоняется не более чем на {spread}; здесь "
        "она {share}."
    ),
    "points": "{points} п. п.",
    "removed_by": "удалено: {name}",
    "tail": "хвост, {count}",
    "looking": "Что могло бы стоять после «{tail}»",
    "replay": "Что если: токен {number}, после «{tail}»",
    "written": "Токен {number}: выбран отсюда, после «{tail}»",
    "given_legend": "стоит здесь",
    "given": "Токен {number} промпта: что могло бы стоять здесь, после «{tail}»",
    "given_now": (
        "Здесь стоит «{token}», токен {number} промпта: {before} до, {after} после, ранг {rank}. Его никто не выбирал."
    ),
    "taken": "Токен {number} луча: что могло бы стоять здесь, после «{tail}»",
    "taken_now": (
        "Здесь в дереве стоит «{token}», токен {number} после промпта: {before} до, {after} после, ранг {rank}. "
        "Цепочка сбоку его не выбирала."
    ),
    "drawn_now": (
        "Розыгрыш: seed {seed} даёт для токена {number} жребий {luck:.3f}. Если идти по столбцу «после», начиная с "
        "самого вероятного токена, сумма переходит через это число на «{token}»."
    ),
    "dart_rest": "все остальные",
    "chosen_now": "Токен {number}, «{token}», выбран вручную, а не жребием. Вероятность его выпадения: {share}.",
    "chosen": "выбран вручную",
    "differs": "Написано «{written}»; с этими настройками и тем же жребием было бы «{token}».",
    "same": "Написано «{written}»; с этими настройками и тем же жребием было бы то же самое.",
    "plot_title": "Распределение следующего токена",
    "plot_empty": "Распределение следующего токена появится здесь, как только модель загрузится.",
    "plotly_missing": "Не загрузился plotly.min.js; обновите страницу.",
    "seed_zero": "Seed не задан; то, что зависит от жребия ({names}), показано как при seed 0.",
    "recomputed": (
        "Модели пришлось прочитать этот префикс заново, так как его логиты уже не хранились; при чтении за один "
        "проход, а не по токену, числа могут немного отличаться."
    ),
    "without_effect": "После «{sampler}» остаётся один токен, поэтому дальше ничего не меняют: {names}.",
    "entropy": "энтропия",
    "entropy_help": (
        "Насколько не решено, каким будет токен: 0 бит, если один токен достоверен, 1 бит при броске монеты, 10 бит "
        "при 1\u00a0024 равновероятных токенах. До цепочки → после неё."
    ),
    "entropy_value": "{before:.2f} → {after:.2f} бит",
    "support": "доступно токенов",
    "support_value": "{support} из {vocab}",
    "support_help": "Токены, которым цепочка оставила вероятность выше нуля, из всех, какие знает модель.",
    "removed_mass": "удалено массы модели",
    "removed_mass_help": "Вероятность, которую модель давала всем токенам, удалённым цепочкой, вместе.",
    "link_removed": "удаляет {tokens}",
    "link_mass": " · {mass} дошедшего",
    "link_entropy": "энтропия {before:.1f} → {after:.1f} бит",
    "whatif": "Что если",
    "whatif_help": (
        "О каждом токене судят после текста, каким он написан: мог бы он быть выбран там и с этими настройками. До "
        "первого токена, который жребий выбрал бы иначе, таким был бы и новый текст; чтобы получить его, нажмите "
        "«Написать»."
    ),
    "whatif_wait": "Проба этих настроек на тексте … токен {number} из {count}",
    "whatif_all": "С этими настройками мог бы быть выбран каждый токен, всего токенов: {count}.",
    "whatif_some": (
        "С этими настройками могло бы быть выбрано токенов: {stays} из {count}; невозможных: {gone}, первый из них — "
        "токен {number}, «{token}»: {reason}."
    ),
    "whatif_gone": "его удаляет {name}",
    "whatif_never": "его исключает модель",
    "whatif_same": "Тот же жребий дал бы тот же текст.",
    "whatif_other_same": "Seed {seed} дал бы тот же текст.",
    "whatif_differs": (
        "При том же жребии текст впервые стал бы другим на токене {number}: «{token}» вместо «{written}»."
    ),
    "whatif_other_differs": (
        "С seed {seed} текст впервые стал бы другим на токене {number}: «{token}» вместо «{written}»."
    ),
    "whatif_read": (
        "Перед некоторыми токенами ({count}) модели пришлось читать заново, так как логиты уже не хранились; числа "
        "там могут немного отличаться."
    ),
    "whatif_stays": "мог бы быть выбран, вероятность {share}",
    "whatif_show": "Показать токен {number}",
    "whatif_close": "Назад к раскраске",
    "whatif_key_stays": "мог бы быть выбран",
    "whatif_key_gone": "не мог бы",
    "whatif_key_differs": "первое отличие",
    "curves": "Кривые",
    "curves_how": "От первого токена до последнего",
    "curves_help": (
        "Неожиданность — это насколько модель не ждала написанного токена; где она выше энтропии, жребий выбрал "
        "маловероятный. Щелчок ведёт к токену."
    ),
    "curves_before": "энтропия до",
    "curves_after": "энтропия после и число доступных токенов",
    "curves_drawn": "написанный токен: неожиданность и перплексия до этого места",
    "curves_bits": "биты",
    "curves_support": "доступно для выбора, токенов",
    "curves_perplexity": "перплексия до этого места",
    "curves_axis": "токен",
    "curves_token": (
        "токен {number} «{token}»\nнеожиданность {surprisal} бит\nэнтропия {before} → {after} бит\nдоступно для "
        "выбора: {support}\nперплексия до этого места {perplexity}"
    ),
    "waterfall_model": "Модель",
    "waterfall_final": "Из этого выбор",
    "waterfall_reaches": "дошло до сэмплера",
    "waterfall_leaves": "вышло из него",
    "waterfall_goes": "удаляется",
    "waterfall_others": "все остальные вместе",
    "waterfall_token": "токенов: {count}",
    "waterfall_tokens": "токенов: {count}",
    "waterfall_still": "{count}, энтропия {entropy} бит",
    "waterfall_idle": " · здесь ничего не изменили: {names}",
    "waterfall_sharper": "ничего не удаляет, заостряет: энтропия {entropy}",
    "waterfall_even": "ничего не удаляет, сдвигает часть токенов: энтропия {entropy}",
    "waterfall_flatter": "ничего не удаляет, сглаживает: энтропия {entropy}",
    "waterfall_removes": "удаляет {count}, {mass} дошедшего до него",
    "waterfall_grows": "; остальное × {factor}",
    "waterfall_log": " (логарифмическая ось)",
    "waterfall_rule_cut": "{rule}: всё, что правее линии, удаляется",
    "waterfall_rule_floor": "порог {rule}: токены ниже него удаляются",
    "waterfall_best_stays": ", но лучший остаётся всегда",
    "waterfall_rule_ceiling": "{rule}: токены, достигшие порога, удаляются, кроме последнего из них",
    "waterfall_rule_staircase": "{rule}: столбцы сложены; достигший линии остаётся последним",
    "waterfall_rule_staircase_under": "{rule}: столбцы сложены; кончающиеся выше линии удаляются, но лучший — никогда",
    "waterfall_rule_budget": (
        "{rule}: вклады токенов в энтропию сложены; кончающиеся выше линии удаляются, но лучший — никогда"
    ),
    "waterfall_rule_distance": (
        "{rule}; столбец показывает, как далека неожиданность токена от энтропии; вне полосы токен удаляется"
    ),
    "waterfall_rule_named": "{rule}, {count}, показанные отмечены ▼",
    "waterfall_rule_shape": "{rule}",
    "waterfall_reached": "дошло {share}",
    "waterfall_left": "вышло {share}",
    "waterfall_gone": "здесь удаляется",
    "waterfall_pile": "сумма до этого места: {pile}",
    "waterfall_away": "неожиданность {surprisal} бит, до энтропии {bits}",
    "waterfall_rest": "ещё {count}, все вместе",
    "waterfall_taller": "выше, чем нарисовано",
    "waterfall_band": "энтропия ± {bits} бит",
    "waterfall_bits": "{bits} бит",
    "rule_bits": "бит",
    "rule_threshold": "порог",
    "rule_surprisal": "неожиданность",
    "rule_logit": "логит",
    "rule_above": "выше",
    "rule_below": "ниже",
    "rule_count": "число раз",
    "rule_echo": "повтор",
    "formula": "От логита к вероятности",
    "formula_help": (
        "Числа одного токена, как их считает цепочка: e^логит ÷ сумма e^логит по всем доступным токенам; она тоже "
        "записана как степень e. Наведите указатель на столбец или выберите токен здесь."
    ),
    "formula_token": "Токен",
    "formula_logit": "логит {logit}",
    "formula_over": ", сумма по {count} токенам,",
    "formula_unchanged": "{logit}, без изменений",
    "formula_removed": "удалён здесь; до этого шага дошло {share}",
    "formula_stays": "остаётся: {before} ÷ {kept} = {after}",
    "formula_drawn": "выпадает с вероятностью {share}",
    "formula_never": "не может выпасть",
}
