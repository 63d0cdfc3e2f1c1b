"""What is said of wrong settings, in Russian; by the English sentence."""

from __future__ import annotations

SETTINGS: dict[str, str] = {
    "{what} is {value}; {rule}": "{what}: {value}; {rule}",
    "empty": "пусто",
    "none": "ничего",
    "it must be true or false.": "нужно true или false.",
    "it must be a number.": "нужно число.",
    "it must be a finite number.": "нужно конечное число.",
    "it must be a whole number.": "нужно целое число.",
    "it must lie in {range}.": "нужно значение из {range}.",
    "[{low:,g}, {high:,.10g}]": "[{low:,g}, {high:,.10g}]",
    "it must be a list of {allowed}.": "нужен список: {allowed}.",
    "{label} holds {count:,} entries; at most {most:,} are allowed.": (
        "{label}: записей {count:,}; допускается не более {most:,}."
    ),
    "Take some out.": "Уберите лишние.",
    "{label}, entry {number},": "{label}, запись {number}",
    "it must be {rule}.": "нужно: {rule}.",
    "a text": "текст",
    "a text of 1 to {most} whole characters": "текст не длиннее {most} символов, непустой и без половин символов",
    "about a text of 1 to {most} whole characters": (
        "пара с текстом не длиннее {most} символов, непустым и без половин символов"
    ),
    "about a token id, a whole number from 0, or about a text": (
        "пара, в которой сначала id токена, целое число от 0, или текст"
    ),
    "at most {most} texts of 1 to {chars} characters": "не более {most} текстов, длиной от 1 до {chars} символов",
    "at most {most} pairs of a token and a number in {span}, or false": (
        "не более {most} пар из токена и числа из {span} или false"
    ),
    "a pair of a token and a number in {span}, or false to ban it": (
        "пара из токена и числа из {span} или false, чтобы запретить токен"
    ),
    "a pair whose second part is a number in {span}, or false to ban the token": (
        "пара, в которой вторым стоит число из {span} или false, чтобы запретить токен"
    ),
    "{sampler} has no setting “{name}”.": "У сэмплера «{sampler}» нет настройки «{name}».",
    "It has {names}.": "Можно задать {names}.",
    "Settings are {value}; they must be an object such as {{“temperature”: 0.7}}.": (
        "Настройки: {value}; нужен объект, например {{“temperature”: 0.7}}."
    ),
    "There is no setting “{name}”.": "Настройки «{name}» нет.",
    "The nearest is {name}.": "Ближайшая — {name}.",
    "Known: {names}.": "Известны: {names}.",
    "Order is {value}; it must be one of {names}, or a list of keys.": (
        "Порядок: {value}; нужно одно из {names} или список ключей."
    ),
    "Order {value} must name each sampler that is set exactly once.": (
        "В порядке {value} каждый заданный сэмплер должен стоять ровно один раз."
    ),
    "Set here: {names}.": "Здесь заданы: {names}.",
    "Seed": "Seed",
    "New tokens, at most,": "Токенов, не более",
    "{label} is {value}; it must be a whole number in [{low:,}, {high:,}].": (
        "{label}: {value}; нужно целое число из [{low:,}, {high:,}]."
    ),
    "Leave it empty and the app picks one and shows it.": "Оставьте пустым: он выберется сам и будет показан.",
    "Stop is {value}; it must be a list of texts.": "Стоп-тексты: {value}; нужен список текстов.",
    "Stop holds half a character.": "В стоп-тексте половина символа.",
    "Delete it.": "Удалите её.",
    "There are {count:,} stop texts; at most {most} are allowed.": (
        "Стоп-текстов: {count:,}; допускается не более {most}."
    ),
    "Stop text {text} has {count:,} characters; it must have 1 to {most}.": (
        "Стоп-текст «{text}»: символов {count:,}; нужно от 1 до {most}."
    ),
    "A stop text is empty; it must have 1 to {most} characters.": (
        "Один из стоп-текстов пуст; нужно от 1 до {most} символов."
    ),
    "It sets stop, for which the page has no control.": "Задаёт stop, а для этого на странице нет поля.",
    "The chain is {value}; it must be a JSON object.": "Цепочка: {value}; нужен объект JSON.",
    "The chain holds {name}, which has a box of its own.": "В цепочке есть {name}, а для него своё поле.",
    "Leave it out.": "Уберите его оттуда.",
    "The request is no JSON object.": "Запрос — не объект JSON.",
    "The request has more than {most:,} bytes.": "В запросе больше {most:,} байт.",
    "Shorten the prompt, the system prompt or the chat.": "Сократите промпт, системный промпт или чат.",
}
KEYS: dict[str, str] = {
    "Its keys are model, mode, system, prompt, history, chain, seed, max_new_tokens and beams.": (
        "Его ключи: model, mode, system, prompt, history, chain, seed, max_new_tokens и beams."
    ),
    "Its keys are link or state.": "Его ключ — link или state.",
    "Its keys are link or state, and run.": "Его ключи: link или state, а также run.",
    "Its keys are panes, mode, prompt, luck, fast, seed and max_new_tokens.": (
        "Его ключи: panes, mode, prompt, luck, fast, seed и max_new_tokens."
    ),
    "Its keys are choice and blind.": "Его ключи: choice и blind.",
    "Its key is reference.": "Его ключ: reference.",
    "Its keys are chain and seed.": "Его ключи: chain и seed.",
    "Its keys are position, number, chain and seed.": "Его ключи: position, number, chain и seed.",
    "Its keys are run, chain and seed.": "Его ключи: run, chain и seed.",
    "Its keys are place, recorded, chain, seed, draws and format.": (
        "Его ключи: place, recorded, chain, seed, draws и format."
    ),
    "Its keys are chain, seed, place, draws, columns and formula.": (
        "Его ключи: chain, seed, place, draws, columns и formula."
    ),
    "Its keys are place and token.": "Его ключи: place и token.",
    "Its keys are the numbers to load a model with.": "Его ключи — числа, с которыми загружается модель.",
}
