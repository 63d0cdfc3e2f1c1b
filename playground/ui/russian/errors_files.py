"""What is said of files, scripts, links and requests, in Russian; by the English sentence."""

from __future__ import annotations

FILES: dict[str, str] = {
    "Choose a file that “save as JSON” wrote.": "Выберите файл, который записан по «сохранить как JSON».",
    "The file was changed, or cut off, after it was saved.": "Файл изменён или обрезан после сохранения.",
    "The file is larger than {most} MB, the most that is read.": "Файл больше {most} МБ; больше этого не читается.",
    "The file is no JSON.": "Файл — не JSON.",
    "The file holds {name}, which is no finite number.": "В файле есть {name}, а это не конечное число.",
    "The file holds “{name}” twice in one place.": "В файле «{name}» стоит дважды в одном месте.",
    "The file is no saved run.": "Это не сохранённый текст.",
    "The file is no comparison that this page reads.": "Это не сравнение, которое читает эта страница.",
    "The texts in this file take the room of {weight:,} tokens; at most {most:,} are kept.": (
        "Тексты в этом файле занимают место {weight:,} токенов; хранится не более {most:,}."
    ),
    "Choose a shorter comparison.": "Выберите сравнение покороче.",
    "A chat in this file has more than {most:,} characters.": "В одном из чатов в файле больше {most:,} символов.",
    "must be a time.": "должно быть временем.",
    "The file is of version {version}; this page reads version {ours}.": (
        "Версия файла: {version}; эта страница читает версию {ours}."
    ),
    "In the file, {said}": "В файле: {said}",
    "{place} {said}": "{place}: {said}",
    "the run": "весь текст",
    "is {value}; it must be {be}.": "{value}; нужно: {be}.",
    "a number in [{low:g}, {high:g}]": "число из [{low:g}, {high:g}]",
    "a number in [{low:g}, {high:g})": "число из [{low:g}, {high:g})",
    "a whole number in [{low:,}, {high:,}]": "целое число из [{low:,}, {high:,}]",
    "{low}": "{low}",
    "a text of {least} to {longest:,} characters": "текст от {least} до {longest:,} символов",
    "a text that does not begin with =, +, -, @ or a tab": "текст, который не начинается с =, +, -, @ или табуляции",
    "at most {longest:,} bytes as pairs of the digits 0 to f": (
        "не более {longest:,} байт, каждый — две цифры от 0 до f"
    ),
    "a list of {least} to {most:,}": "список, записей от {least} до {most:,}",
    "a list of {count}": "список, записей: {count}",
    "an object": "объект",
    "holds “{key}”, which no saved run has.": "есть «{key}», чего в сохранённом тексте не бывает.",
    "lacks {key}.": "нет {key}.",
    "are refused: {reason}": "не приняты: {reason}",
    "have no seed.": "нет seed.",
    "has {count:,} tokens of a vocabulary of {width:,}.": "токенов {count:,}, а в словаре их {width:,}.",
    "there are settings for {kept:,} kept tokens, but {count:,} steps.": (
        "настройки есть для {kept:,} сохранённых токенов, а шагов {count:,}."
    ),
    "prompt and text have {count:,} tokens; at most {most:,} are kept.": (
        "токенов в промпте и тексте {count:,}; хранится не более {most:,}."
    ),
    "The run in this file takes the room of {weight:,} tokens; at most {most:,} are kept.": (
        "Текст из этого файла занимает место {weight:,} токенов; хранится не более {most:,}."
    ),
    "Choose a shorter one.": "Выберите текст покороче.",
    "The run in this file never began.": "Текст в этом файле так и не начат.",
    "Choose another.": "Выберите другой.",
    "The file did not arrive within {seconds:.0f} s.": "Файл не пришёл за {seconds:.0f} с.",
    "Open it again.": "Откройте его снова.",
    "Format is {value}; it must be one of {names}.": "Формат: {value}; нужно одно из: {names}.",
    "There are no scripts for {library}.": "Для {library} скриптов нет.",
    "There are some for {names}.": "Они есть для {names}.",
    "The seed is empty, so that a script would not write this text.": (
        "Seed пуст, поэтому скрипт не написал бы этот текст."
    ),
    "Run first.": "Сначала напишите текст.",
    "This text was continued by hand; a script writes one from its prompt on.": (
        "Этот текст продолжен вручную, а скрипт пишет текст от самого промпта."
    ),
    "Copy another.": "Скопируйте другой.",
    "{title} is a table of words and no network; no library reads it.": (
        "{title} — таблица слов, а не сеть; ни одна библиотека её не читает."
    ),
    "Choose another model.": "Выберите другую модель.",
    "llama-cpp-python reads GGUF files; {title} is {what}.": "llama-cpp-python читает файлы GGUF, а {title} — {what}.",
    "an adapter of PEFT": "адаптер PEFT",
    "a folder of safetensors": "папка safetensors",
    "Copy the transformers script, or convert the model with llama.cpp's convert_hf_to_gguf.py.": (
        "Скопируйте скрипт для transformers или преобразуйте модель с помощью convert_hf_to_gguf.py из llama.cpp."
    ),
    "{label} is not written as plain code, so that this run cannot be copied as a script.": (
        "«{label}»: простого кода для этого нет, поэтому текст нельзя скопировать как скрипт."
    ),
    "Turn it off, or write its method “plain”.": "Выключите этот сэмплер или напишите для него метод «plain».",
    "{title}: config.json cannot be read.": "{title}: config.json не читается.",
}

PAGE: dict[str, str] = {
    "This takes JSON.": "Здесь принимается JSON.",
    "Set the content type.": "Укажите тип содержимого.",
    "This run is no longer kept.": "Этот текст уже не хранится.",
    "Write it again: the same seed gives the same text.": "Напишите его снова: тот же seed даёт тот же текст.",
    "This look is no longer kept.": "Этот просмотр уже не хранится.",
    "Press Look.": "Нажмите «Смотреть».",
    "{value} is not a run.": "{value} — не текст этой страницы.",
    "Press Look, or click a token of the text.": "Нажмите «Смотреть» или щёлкните по токену текста.",
    "Token {position} is not in this run; it has {count} tokens.": (
        "Токена {position} в этом тексте нет; всего токенов: {count}."
    ),
    "Token {position} of the prompt cannot be asked for; there are {count}, and the first has nothing before it.": (
        "О токене {position} промпта спросить нельзя; всего их {count}, и перед первым ничего нет."
    ),
    "{name} is {value}; it must be a whole number in [0, {most:,}].": (
        "{name}: {value}; нужно целое число из [0, {most:,}]."
    ),
    "Draws": "Розыгрышей",
    "Columns": "Столбцов",
    "Token": "Токен",
    "{name} is no action; it must be one of {names}.": "Действия {name} нет; возможны {names}.",
    "The prompt is {value}; it must be a text.": "Промпт: {value}; нужен текст.",
    "Mode is {value}; it must be completion or chat.": "Режим: {value}; нужно completion или chat.",
    "The chat has {count:,} turns; it must be a list of at most {most}.": (
        "Реплик в чате: {count:,}; допускается не более {most}."
    ),
    "The chat is {value}; it must be a list of at most {most}.": "Чат: {value}; нужен список, реплик не более {most}.",
    "Turn {number} of the chat is {value}; it must have the role user or assistant, and a content.": (
        "Реплика {number} чата: {value}; нужны роль (role) user или assistant и содержание (content)."
    ),
    "The text holds a part of a character, so that it cannot be edited.": (
        "В тексте есть часть символа, поэтому править его нельзя."
    ),
    "Go on from one of its tokens, or press “Write on”.": (
        "Продолжите с одного из его токенов или нажмите «Писать дальше»."
    ),
    "The link is longer than {most:,} characters, the most that is read.": (
        "Ссылка длиннее предела (символов: {most:,})."
    ),
    "The link holds no settings.": "В ссылке нет настроек.",
    "A part of it may be missing: copy all of it.": "Возможно, скопирована не вся: скопируйте её целиком.",
    "The state is {value}; it must be an object.": "Состояние: {value}; нужен объект.",
    "The settings are of version {version}; this page reads version {ours}.": (
        "Версия настроек: {version}; эта страница читает версию {ours}."
    ),
    "The pane is {value}; it must be an object.": "Панель: {value}; нужен объект.",
    "There is no setting {names}.": "Нет таких настроек: {names}.",
    "View is {value}; it must be one of {names}.": "Картинка: {value}; нужно одно из: {names}.",
    "Color is {value}; it must be one of {names}.": "Цвет: {value}; нужно одно из: {names}.",
    "a {kind} of many layers": "{kind} слишком глубокой вложенности",
}
