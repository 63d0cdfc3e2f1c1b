"""What is said of prompts, and of what stops a text, in Russian; by the English sentence."""

from __future__ import annotations

WRITING: dict[str, str] = {
    "The prompt is empty.": "Промпт пуст.",
    "Type a prompt first.": "Сначала введите промпт.",
    "The prompt is {count:,} tokens; this model reads {context:,}.": (
        "Токенов в промпте: {count:,}; эта модель читает {context:,}."
    ),
    "The prompt is {count:,} tokens; this model reads {context:,} and needs room for one more.": (
        "Токенов в промпте: {count:,}; эта модель читает {context:,}, и нужно место ещё для одного."
    ),
    "The prompt is {size:,} characters; at most {limit:,} are read, for {context:,} tokens.": (
        "Символов в промпте: {size:,}; читается не более {limit:,} на {context:,} токенов."
    ),
    "Shorten the prompt.": "Сократите промпт.",
    "Prompt ({prompt:,}) + new tokens ({new:,}) = {whole:,} tokens; this model reads {context:,}.": (
        "Промпт ({prompt:,}) + новые токены ({new:,}) = {whole:,}; эта модель читает {context:,}."
    ),
    "Shorten the prompt or write at most {room:,} tokens.": "Сократите промпт или пишите не более {room:,} токенов.",
    "Prompt ({prompt:,}) + text ({text:,}) take {needed:,} tokens; this model reads {context:,}.": (
        "Промпт ({prompt:,}) и текст ({text:,}) занимают вместе токенов: {needed:,}; эта модель читает {context:,}."
    ),
    "Compare a shorter text.": "Сравнивайте текст покороче.",
    "New tokens cut from {wanted:,} to {room:,}: the prompt takes {count:,} of {context:,} tokens.": (
        "Новых токенов не {wanted:,}, а {room:,}: промпт занимает {count:,} из {context:,}."
    ),
    "This model has no token for {text} (U+{code:04X}).": "У этой модели нет токена для {text} (U+{code:04X}).",
    "Delete it from the prompt.": "Удалите это из промпта.",
    "The prompt holds half a character (U+{code:04X}) at position {place}.": (
        "В промпте половина символа (U+{code:04X}), позиция {place}."
    ),
    "The model's chat template leaves out the text of the role {role}.": (
        "Шаблон чата этой модели опускает текст роли {role}."
    ),
    "The model's chat template refuses these messages: {reason}.": (
        "Шаблон чата этой модели не принимает эти реплики: {reason}."
    ),
    "Chat is not offered: {problem}.": "Чата здесь нет: {problem}.",
    "this model file has no chat template": "в файле модели нет шаблона чата",
    "this model has no chat template": "у модели нет шаблона чата",
    "Use completion.": "Выберите режим «Продолжение».",
    "Token id {wrong} is not in the vocabulary; it must lie in [0, {last:,}].": (
        "Токена с id {wrong} в словаре нет; нужно значение из [0, {last:,}]."
    ),
    "The text is {count:,} tokens; this model scores {least} to {context:,}.": (
        "Токенов в тексте: {count:,}; эта модель оценивает от {least} до {context:,}."
    ),
    "Shorten the text.": "Сократите текст.",
    "Write a longer text.": "Напишите текст подлиннее.",
    "Token {place} of the text cannot be scored: the model's {reason}.": (
        "Токен {place} текста нельзя оценить: {reason}."
    ),
    "logits hold NaN or +inf, or nothing but -inf": "среди логитов модели есть NaN или +inf, или все они −inf",
    "The model returned numbers that are not finite at step {step}.": (
        "На шаге {step} модель выдала бесконечность или не число."
    ),
    "Its file is damaged, or its number format overflows here.": (
        "Её файл повреждён, или её формату чисел здесь не хватает диапазона."
    ),
    "The model gives token {token} no probability at all.": "Вероятность токена {token} у этой модели — ровно 0.",
    "Choose another one.": "Выберите другой.",
    "Temperature is {value:g}; it must be 0 or lie in [{smallest:g}, 5].": (
        "Температура: {value:g}; нужно 0 или значение из [{smallest:g}, 5]."
    ),
    "0 keeps only the most probable token.": "0 оставляет только самый вероятный токен.",
    "DRY has sequence breakers, and there is no vocabulary here to look them up in.": (
        "У DRY есть разделители последовательностей, а словаря, чтобы их найти, здесь нет."
    ),
    "An empty list needs none.": "Пустому списку он не нужен.",
    "Logit bias bans every token that could be drawn at step {step}.": (
        "Смещение логитов запрещает все токены, доступные на шаге {step}."
    ),
    "Take out a ban, or move it in front of what removes the other tokens.": (
        "Снимите какой-нибудь запрет или поставьте его перед тем, что удаляет остальные токены."
    ),
    "Logit bias: there is no token {token:,} among this vocabulary's {count:,}.": (
        "Смещение логитов: токена {token:,} нет, в словаре их {count:,}."
    ),
    "Token ids go from 0 to {last:,}.": "Id токенов — от 0 до {last:,}.",
    "Logit bias: “{text}” is a text, and there is no vocabulary here to look it up in.": (
        "Смещение логитов: «{text}» — текст, а словаря, чтобы его найти, здесь нет."
    ),
    "Give the token's id.": "Укажите id токена.",
    "Logit bias: “{text}” is {count} tokens in this vocabulary: {parts}.": (
        "Смещение логитов: в «{text}» по этому словарю не один токен, а {count}: {parts}."
    ),
    "Give one token a pair, and mind the space that many tokens begin with.": (
        "Пишите пару на каждый токен и помните о пробеле, с которого многие из них начинаются."
    ),
    "Top-k {k:,} is more than the vocabulary's {count:,} tokens; it removes nothing.": (
        "Top-k {k:,} больше словаря, в котором токенов {count:,}; ничего не удаляется."
    ),
    "XTC's threshold {threshold:g} is above 0.5, which no two tokens can both reach; it removes nothing.": (
        "Порог XTC {threshold:g} выше 0.5, а такой вероятности у двух токенов сразу не бывает; ничего не удаляется."
    ),
    "“{text}”": "«{text}»",
    "{waiting} runs are waiting for this model;": "Очередь к этой модели, текстов: {waiting};",
    "{waiting} looks are waiting for this model;": "Очередь к этой модели, просмотров: {waiting};",
    "try again in about {seconds} s.": "повторите примерно через {seconds} с.",
    "try again when some of them have ended.": "повторите, когда часть из них закончится.",
    "try again in a moment.": "повторите чуть позже.",
    "{running} {what} run or wait;": "{what}: идёт или ждёт уже {running};",
    "try again when some have ended.": "повторите, когда часть из них закончится.",
    "Stopped.": "Остановлено.",
    "There was not enough memory for it.": "Для этого не хватило памяти.",
    "Unload another model, or set a smaller context_tokens.": (
        "Выгрузите другую модель или задайте context_tokens поменьше."
    ),
    "Something in the playground broke.": "В песочнице что-то сломалось.",
    "Something in the playground broke: {kind}.": "В песочнице что-то сломалось: {kind}.",
    "The log has it under {log_id}.": "В журнале это под номером {log_id}.",
}
