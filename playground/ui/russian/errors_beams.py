"""What is said of beams and comparisons that are refused, in Russian; by the English sentence."""

from __future__ import annotations

NUMBERS: dict[str, str] = {
    "1 is greedy.": "1 — жадный поиск.",
    "0 compares sums of logprobs, 1 their means; above 1 favors long texts.": (
        "0 сравнивает суммы логарифмов вероятностей, 1 — средние; больше 1 — в пользу длинных текстов."
    ),
    "1 turns them off.": "1 — выключено.",
}

BEAMS: dict[str, str] = {
    "Settings are {value}; they must be an object such as {{“num_beams”: 4}}.": (
        "Настройки: {value}; нужен объект, например {{“num_beams”: 4}}."
    ),
    "Early stopping is {value}; it must be true, false or “never”.": (
        "Остановка: {value}; нужно true, false или «never»."
    ),
    "False is what transformers does unless told otherwise.": "Если ничего не задано, в transformers действует false.",
    "Returned sequences is {count}; of {beams} it must lie in [1, {most}].": (
        "Текстов в ответе: {count}; {beams}, поэтому нужно значение из [1, {most}]."
    ),
    "Ask for fewer, or for more beams.": "Попросите меньше текстов или задайте больше лучей.",
    "{count} beams": "лучей: {count}",
    "1 beam": "луч один",
    "Beam groups is {groups}; {beams} cannot be split into {groups} equal groups.": (
        "Групп: {groups}; {beams}, и поровну они не делятся."
    ),
    "It must be one of {fitting}.": "Подходит одно из: {fitting}.",
    "Beam groups is {groups} and sampling is on; groups differ by a penalty, sampled beams by luck.": (
        "Групп: {groups}, и включён случайный выбор; группы различаются штрафом, а случайные лучи — жребием."
    ),
    "Set beam groups to 1, or turn sampling off.": "Задайте одну группу или выключите случайный выбор.",
    "Diversity penalty is {penalty:g} and beam groups is {groups}; {why}.": (
        "Штраф за сходство: {penalty:g}, групп: {groups}; {why}."
    ),
    "without groups it has no effect": "без групп он ни на что не влияет",
    "without one all groups write the same": "без него все группы пишут одно и то же",
    "Set both, or a penalty of 0 and 1 group.": "Задайте и то и другое либо штраф 0 и одну группу.",
    "{name} is set twice.": "Настройка {name} задана дважды.",
    "Set it once.": "Задайте её один раз.",
    "{label} follows one text, and here are {beams}.": "«{label}» рассчитан на один текст, а здесь {beams}.",
    "Turn it off.": "Выключите его.",
    "{label} is set, but beams that are not sampled take the best tokens, whatever it keeps.": (
        "Задано: «{label}», но лучи без случайного выбора берут лучшие токены, что бы этот сэмплер ни оставил."
    ),
    "Turn sampling on, or {label} off.": "Включите случайный выбор или выключите сэмплер «{label}».",
    "Temperature is 0, which leaves each beam one token, and nothing to sample.": (
        "Температура 0 оставляет каждому лучу один токен: выбирать не из чего."
    ),
    "Turn sampling off, or set a temperature above 0.": "Выключите случайный выбор или задайте температуру выше 0.",
    "Beams is {beams}; this model has only {count:,} tokens to begin with.": (
        "Лучей: {beams}; начать эта модель может лишь с {count:,} разных токенов."
    ),
    "Use at most {count:,} beams.": "Задайте не более {count:,} лучей.",
    "{beams} beams need room for {beams} texts at once; this model has room for {slots}.": (
        "Лучей: {beams}; нужно место сразу для {beams} текстов, а у этой модели есть только для {slots}."
    ),
    "Use at most {slots} beams, or give it more sequences in models.yaml.": (
        "Задайте не более {slots} лучей или больше sequences в models.yaml."
    ),
    "Sampled beams need a seed.": "Случайным лучам нужен seed.",
    "Give one from 0 to 2³²−1.": "Задайте его, от 0 до 2³²−1.",
    "{need} beams": "Лучей: {need}",
    "{need} panes of one model": "Панелей одной модели: {need}",
    "{what} need room for {need} texts at once; this model has room for {room}.": (
        "{what}; нужно место сразу для {need} текстов, а у этой модели есть только для {room}."
    ),
    "Use at most {room}, or set its sequences in models.yaml to {least} or more.": (
        "Задайте не более {room} или sequences этой модели в models.yaml не меньше {least}."
    ),
    "The settings of the search are missing.": "Нет настроек поиска.",
    "Their keys are {names}.": "Их ключи: {names}.",
    "A path is one of {names}.": "Путь — одно из: {names}.",
    "Choose one of them.": "Выберите что-нибудь из этого.",
    "The search still runs.": "Поиск ещё идёт.",
    "Stop it, or wait for its end.": "Остановите его или дождитесь конца.",
    "The tree has no such place.": "Такого места в дереве нет.",
    "Click a mark of the tree.": "Щёлкните по отметке дерева.",
    "A place of the tree has a position and a number.": "У места в дереве есть позиция (position) и номер (number).",
    "Click a mark of it.": "Щёлкните по его отметке.",
    "This search is no longer kept.": "Этот поиск уже не хранится.",
    "Start it again: it finds the same texts.": "Начните его снова: он найдёт те же тексты.",
    "searches": "Поиски",
}

COMPARE: dict[str, str] = {
    "There are {count} panes to compare; it must be {least} to {most}.": (
        "Панелей для сравнения: {count}; нужно от {least} до {most}."
    ),
    "A pane has no model.": "У одной из панелей нет модели.",
    "Give the key of one of models.yaml.": "Укажите ключ модели из models.yaml.",
    "The panes are {value}; they must be a list of objects.": "Панели: {value}; нужен список объектов.",
    "Luck is {value}; it must be one of {names}.": "Жребий: {value}; нужно одно из: {names}.",
    "The vote is {value}; it must be one of {names}.": "Голос: {value}; нужно одно из: {names}.",
    "A comparison keeps at most {most:,} votes.": "У сравнения хранится не более {most:,} голосов.",
    "Save them and write it again.": "Сохраните их и напишите всё заново.",
    "The link holds no comparison of {least} to {most} panes.": (
        "В ссылке нет сравнения, в котором от {least} до {most} панелей."
    ),
    "The reference is {value}; it must be a text.": "Эталон: {value}; нужен текст.",
    "The reference is empty.": "Эталонный текст пуст.",
    "Type the text that the others are compared with.": "Введите текст, с которым сравниваются остальные.",
    "The texts still grow.": "Тексты ещё пишутся.",
    "Stop them, or wait for their end.": "Остановите их или дождитесь конца.",
    "There is no pane {number}.": "Панели {number} нет.",
    "Panes are {names}.": "Есть панели {names}.",
    "This comparison is no longer kept.": "Это сравнение уже не хранится.",
    "Write it again: the same seeds give the same texts.": "Напишите его снова: те же seed дают те же тексты.",
    "comparisons": "Сравнения",
    "{panes} panes need room for {panes} texts at once; this model has room for {slots}.": (
        "Панелей: {panes}; нужно место сразу для {panes} текстов, а у этой модели есть только для {slots}."
    ),
    "Compare fewer, or raise its sequences in models.yaml.": (
        "Сравнивайте меньше или увеличьте её sequences в models.yaml."
    ),
    "Decoded in batches of up to {count} texts, which gives this model's numbers to the last bit.": (
        "Считалось пакетами до {count} текстов; числа этой модели от этого не меняются ни в одном бите."
    ),
    "Decoded in one batch with others: the last digits of its numbers may differ from those of a run alone.": (
        "Считалось одним пакетом с другими: последние цифры чисел могут отличаться от полученных поодиночке."
    ),
    "Decoded one after the other: in a batch the last digits of this model's numbers would change.": (
        "Считалось поодиночке: в пакете изменились бы последние цифры чисел этой модели."
    ),
    "This pane has no prompt that its model has read.": "У этой панели нет промпта, прочитанного её моделью.",
    "The model that wrote the text cannot be asked for its tokens.": (
        "Модель, написавшую текст, нельзя спросить о её токенах."
    ),
    "This model has no token {token:,}, which the text has.": (
        "У этой модели нет токена {token:,}, который есть в тексте."
    ),
    "This model has no second sequence free for the other prompt.": (
        "У этой модели нет второго свободного места для другого промпта."
    ),
    "Try again when other texts have ended, or set more sequences in models.yaml.": (
        "Повторите, когда закончатся другие тексты, или задайте больше sequences в models.yaml."
    ),
    "Its model stopped reading.": "Модель этой панели перестала читать.",
    "Nothing was written.": "Ничего не написано.",
    "Encoded anew: the model that wrote it cannot be asked whether its tokenizer is the same one.": (
        "Разбито на токены заново: у модели, написавшей текст, нельзя узнать, тот же ли у неё токенизатор."
    ),
    "Encoded anew: this model has no token {token:,}, which the text has.": (
        "Разбито на токены заново: у этой модели нет токена {token:,}, который есть в тексте."
    ),
    "Encoded anew: this model's tokenizer is another one.": (
        "Разбито на токены заново: у этой модели другой токенизатор."
    ),
    "Encoded anew: this model calls token {token:,}, which the text has, something else.": (
        "Разбито на токены заново: токен {token:,}, который есть в тексте, у этой модели называется иначе."
    ),
    "This model calls token {token:,}, which the text has, something else.": (
        "Токен {token:,}, который есть в тексте, у этой модели называется иначе."
    ),
    "Nobody waits for this any more.": "Этого больше никто не ждёт.",
    "Compare bits per character, not perplexities.": "Сравнивайте биты на символ, а не перплексии.",
    "The tokenizers differ, first in token {token}: distributions cannot be compared, only whole texts.": (
        "Токенизаторы различаются, впервые — в токене {token}: сравнить можно не распределения, а только тексты "
        "целиком."
    ),
    "{place:,} ({one} and {other})": "{place:,} ({one} и {other})",
    "1 control token has two names and is left out: {names}.": (
        "У одного служебного токена два имени, он не учтён: {names}."
    ),
    "{count} control tokens have two names and are left out: {names}{more}.": (
        "Служебных токенов с двумя именами: {count}; они не учтены: {names}{more}."
    ),
    " and {count} more": " и ещё {count}",
    "Token ids from {first:,} on, which only one of the models has, are left out ({count:,}).": (
        "Токены с id от {first:,}, которые есть лишь у одной из моделей, не учтены ({count:,})."
    ),
}
