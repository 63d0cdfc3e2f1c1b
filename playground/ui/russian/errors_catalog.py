"""What is said of models.yaml, in Russian; by the English sentence."""

from __future__ import annotations

CATALOG: dict[str, str] = {
    "{file} has no model “{key}”;": "В {file} нет модели «{key}»;",
    "did you mean {names}?": "может быть, {names}?",
    "{some} or {last}": "{some} или {last}",
    "{file}: no model can run here.": "{file}: здесь не запустить ни одной модели.",
    "{file} {problem}": "{file}: {problem}",
    "is not a file in {folder}, so there are no models.": "такого файла нет в {folder}, поэтому нет и моделей.",
    "Add at least one under `models:`, for example:\nmodels:\n  toy:\n    backend: toy": (
        "Добавьте хотя бы одну под `models:`, например:\nmodels:\n  toy:\n    backend: toy"
    ),
    "is longer than {most} bytes.": "больше {most} байт.",
    "Keep only models in it.": "Оставьте в нём только модели.",
    "cannot be read: {reason}.": "не читается: {reason}.",
    "Check its permissions.": "Проверьте права доступа.",
    "is not UTF-8 at byte {place}.": "не UTF-8, байт {place}.",
    "Save it as UTF-8.": "Сохраните его в UTF-8.",
    "has no models.": "моделей нет.",
    "{parser}": "{parser}",
    "Look here and one line up for a missing quote, colon or space; tabs do not indent.": (
        "Посмотрите здесь и строкой выше, нет ли пропущенной кавычки, двоеточия или пробела; табуляция отступом не "
        "служит."
    ),
    "“{key}” stands where only “models:” can": "«{key}» стоит там, где может быть только «models:»",
    "Correct it.": "Исправьте.",
    "models must hold ids, each with its settings": "в models должны стоять id, у каждого свои настройки",
    "tags are not allowed": "теги не допускаются",
    "anchors (&) and aliases (*) are not allowed": "якоря (&) и ссылки на них (*) не допускаются",
    "lists and mappings more than {most} deep are not allowed": "списки и словари глубже {most} уровней не допускаются",
    "Write plain values.": "Пишите простые значения.",
    "line {line}, column {column}: {problem}.": "строка {line}, столбец {column}: {problem}.",
    "line {line}: {problem}": "строка {line}: {problem}",
    "a list or a mapping stands where a key should": "на месте ключа стоит список или словарь",
    "Write a word and a colon.": "Пишите слово и двоеточие.",
    "“{key}” is in line {line} already": "«{key}» уже есть в строке {line}",
    "Keep one.": "Оставьте что-то одно.",
    "unknown key “{name}”;": "неизвестный ключ «{name}»;",
    "{name} is {value}; it must be {allowed}{near}.": "{name}: {value}; нужно: {allowed}{near}.",
    "; the nearest is {number}": "; ближайшее — {number}",
    "text of 1 to {most} characters, without control characters; quote what looks like a number": (
        "текст от 1 до {most} символов, без управляющих; похожее на число пишите в кавычках"
    ),
    "a whole number in [{low}, {high}]": "целое число из [{low}, {high}]",
    "{number} and a multiple of {step}": "{number}, кратное {step}",
    "true or false": "true или false",
    "one of {names}": "одно из: {names}",
    "64 lowercase hex digits": "64 шестнадцатеричные цифры, строчные",
    "a mapping of names to settings, without control characters": (
        "словарь: имена и настройки к ним, без управляющих символов"
    ),
    "{name} cannot be set for {title}.": "У модели {title} нельзя задать {name}.",
    "backend is missing; it must be {allowed}.": "нет backend; нужно {allowed}.",
    "backend {backend} is not part of this version.": "бэкенда {backend} в этой версии нет.",
    "trust_remote_code runs code that can change.": "trust_remote_code выполняет код, который может измениться.",
    "Pin the revision in source: hub:OWNER/NAME@ and the 40 digits of a commit.": (
        "Закрепите ревизию в source: hub:OWNER/NAME@ и 40 цифр коммита."
    ),
    "“{source}” is a folder.": "«{source}» — папка.",
    "Name the file in it; {backend} reads one file.": "Укажите файл в ней; {backend} читает один файл.",
    "adapter: {problem}": "адаптер: {problem}",
    "adapter “{source}” is a file.": "адаптер «{source}» — файл.",
    "Name its folder.": "Укажите его папку.",
    "What was read before stays in force.": "В силе остаётся прочитанное раньше.",
    "Write package:NAME/FILE, path:FILE or hub:OWNER/NAME/FILE@REVISION.": (
        "Пишите package:NAME/FILE, path:FILE или hub:OWNER/NAME/FILE@REVISION."
    ),
    "“{source}” does not name a model and its revision.": "в «{source}» нет модели с ревизией.",
    "source is “{source}”; it must have one of three forms.": "source: «{source}»; возможны только три вида.",
    "“{source}” cannot be looked up: {reason}.": "«{source}» не найти: {reason}.",
    "file not found: “{source}”.": "файл не найден: «{source}».",
    "file not readable: “{source}”.": "файл не читается: «{source}».",
    "Look at its name, place and permissions.": "Проверьте его имя, место и права доступа.",
    "“package:{name}” does not name a file inside a package.": "в «package:{name}» не указан файл внутри пакета.",
    "package “{package}” is not installed in this Python.": "пакет «{package}» в этом Python не установлен.",
    "Install it with pip.": "Установите его через pip.",
    "“{name}” is outside models.yaml's folder and $MODELS_DIR.": "«{name}» вне папки models.yaml и вне $MODELS_DIR.",
    "Move it there.": "Перенесите это туда.",
    "not downloaded: “{name}”.": "не скачано: «{name}».",
    "Press Download among the models, or run `{command}`.": (
        "Нажмите «Скачать» среди моделей или выполните `{command}`."
    ),
    "Model is {value}; it must be a key of models.yaml.": "Модель: {value}; нужен ключ из models.yaml.",
    "{title} is not listed for chat.": "Модель {title} не отмечена для чата.",
    "Use completion, or set “chat: true” in models.yaml where it has a chat template.": (
        "Выберите режим «Продолжение» или, если у неё есть шаблон чата, задайте в models.yaml «chat: true»."
    ),
}
