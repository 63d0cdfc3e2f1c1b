"""What is said of models that are not there, in Russian; by the English sentence."""

from __future__ import annotations

MODELS: dict[str, str] = {
    "{title} cannot run here: {reason}": "{title} здесь не запустить: {reason}",
    "{title} stopped {times} times in {minutes:.0f} minutes and rests.": (
        "{title}: остановок за {minutes:.0f} минут — {times}, поэтому перерыв."
    ),
    "Try again in {seconds:.0f} s, or choose another model.": (
        "Повторите через {seconds:.0f} с или выберите другую модель."
    ),
    "{parts}": "{parts}",
    "without flash attention": "без flash attention",
    "without a GPU, so that gpu_layers does nothing": "без GPU, поэтому gpu_layers ни на что не влияет",
    "{title} is still loading.": "{title} ещё загружается.",
    "Try again in a moment.": "Повторите чуть позже.",
    "{title} is in use: 1 open request.": "{title} занята, открытых запросов: 1.",
    "{title} is in use: {count} open requests.": "{title} занята, открытых запросов: {count}.",
    "Stop them, or wait until they have ended.": "Остановите их или дождитесь конца.",
    "The process of {title} does not end.": "Процесс модели {title} не завершается.",
    "Look at process {pid}.": "Посмотрите на процесс {pid}.",
    "{title} is not loading.": "{title} не загружается.",
    "{title} is not up.": "{title} не загружена.",
    "The load of {title} {why}": "Загрузка модели {title}: {why}",
    "was canceled.": "отменено.",
    "was ended, since its entry in models.yaml has changed.": "прервано, так как её запись в models.yaml изменилась.",
    "made no progress for {seconds:.0f} s and was ended.": "за {seconds:.0f} с ничего не сдвинулось, поэтому прервано.",
    "It loads again with the next run.": "Она загрузится снова, когда понадобится.",
    "The playground is being closed.": "Песочница закрывается.",
    "{title} cannot be started: {reason}.": "{title} не запускается: {reason}.",
    "Close other programs, then run again.": "Закройте другие программы и повторите.",
    "The model's process stopped ({how}).": "Процесс модели прекратился ({how}).",
    "The model's process stopped ({how}), since the model's file changed on disk while it was in use.": (
        "Процесс модели прекратился ({how}), так как её файл на диске изменился во время работы."
    ),
    "The model's process {why}": "Процесс модели: {why}",
    "It starts again with the next run.": "Он запустится снова, когда понадобится.",
    "exit code {code}": "код завершения {code}",
    "signal {number}, {name}": "сигнал {number}, {name}",
    "signal {number}": "сигнал {number}",
    "{title} needs about {need}; the budget of all models is {budget}": (
        "{title}: нужно около {need}, а всем моделям вместе отведено {budget}"
    ),
    "{needs}.": "{needs}.",
    "{needs}, and {busy} is in use.": "{needs}, и занята {busy}.",
    "{needs}, and {busy} are in use.": "{needs}, и заняты {busy}.",
    "{title} ({memory})": "{title} ({memory})",
    "{size:,.0f} MB": "{size:,.0f} МБ",
    "{size:,.1f} GB": "{size:,.1f} ГБ",
    "Choose a smaller model, set a smaller context_tokens in models.yaml, or start with a larger --memory-mb.": (
        "Выберите модель поменьше, задайте в models.yaml меньше context_tokens или запустите с большим --memory-mb."
    ),
    "Try again when that is done, or choose another model.": (
        "Повторите, когда она освободится, или выберите другую модель."
    ),
    "{title} has nothing to download.": "{title}: скачивать нечего.",
    "The download's process ended before it was done.": "Процесс скачивания прекратился, не докончив.",
    "{repo} has no safetensors; pickles are not fetched, as they can run code.": (
        "{repo}: нет safetensors; файлы pickle не скачиваются, так как могут выполнять код."
    ),
    "Convert them on another machine and use path: instead.": "Преобразуйте их на другой машине и укажите path:.",
    "{repo} has none of {patterns}.": "{repo}: нет ничего из {patterns}.",
    "Look at source in models.yaml.": "Проверьте source в models.yaml.",
    "{name} needs {total:.1f} GiB more, and {free:.1f} GiB are free.": (
        "{name}: нужно ещё {total:.1f} ГиБ, а свободно {free:.1f} ГиБ."
    ),
    "Free some, or set HF_HOME to a folder on another disk.": "Освободите место или задайте HF_HOME на другом диске.",
    "{name} is another file than models.yaml says: its sha256 is {found}; it was removed.": (
        "{name} — не тот файл, что указан в models.yaml: его sha256 — {found}; он удалён."
    ),
    "Look at source and sha256 in models.yaml.": "Проверьте source и sha256 в models.yaml.",
    "{name} cannot be kept here: {reason}.": "{name} здесь не сохранить: {reason}.",
    "The hub answered with status {status}. Try again later.": "Хаб ответил кодом {status}. Повторите позже.",
    "The hub cannot be reached: {reason}.": "Хаб недоступен: {reason}.",
    "HF_HUB_OFFLINE is set, so nothing is fetched. Unset it, or fill the cache by hand.": (
        "Задано HF_HUB_OFFLINE, поэтому ничего не скачивается. Уберите его или положите файлы в кэш сами."
    ),
    "{repo} asks for its licence to be accepted on the hub. Accept it there and set HF_TOKEN.": (
        "{repo}: нужно принять лицензию на хабе. Примите её там и задайте HF_TOKEN."
    ),
    "{repo} is not on the hub, or is private. Correct its source, or set HF_TOKEN.": (
        "{repo}: на хабе этого нет, или доступ закрыт. Исправьте source или задайте HF_TOKEN."
    ),
    "{repo} has no revision {revision}. Look at source in models.yaml.": (
        "{repo}: нет ревизии {revision}. Проверьте source в models.yaml."
    ),
    "{name} is not on the hub. Look at source in models.yaml.": (
        "{name}: на хабе этого нет. Проверьте source в models.yaml."
    ),
}

BACKENDS: dict[str, str] = {
    "{key} sets {name}, which the backend {backend} does not have.": (
        "{key}: задано {name}, чего у бэкенда {backend} нет."
    ),
    "Remove it from models.yaml, or use one of the backends {names}.": (
        "Уберите это из models.yaml или выберите другой бэкенд: {names}."
    ),
    "{key} sets sha256, and its source is a folder.": "{key}: задан sha256, а source — папка.",
    "Remove it; what fixes a folder of the hub is its revision.": "Уберите его; папку с хаба закрепляет ревизия.",
    "{key} is another file than models.yaml says: its sha256 is {found}.": (
        "{key}: не тот файл, что указан в models.yaml: его sha256 — {found}."
    ),
    "The backend {backend} cannot be imported here: {reason}.": "Бэкенд {backend} здесь не импортируется: {reason}.",
    "Install requirements.txt again, in the environment that runs the page.": (
        "Установите requirements.txt заново в окружении, в котором работает страница."
    ),
    "{key} names no file.": "{key}: не указан файл.",
    "{key} names no file or folder.": "{key}: не указаны ни файл, ни папка.",
    "Give it a source in models.yaml.": "Укажите source в models.yaml.",
    "{key}: the file is empty.": "{key}: файл пуст.",
    "Download it again.": "Скачайте заново.",
    "Download the model again.": "Скачайте модель заново.",
    "{key}: the file is a pointer of Git LFS, not the model.": "{key}: это не модель, а указатель Git LFS.",
    "Run “git lfs pull”.": "Выполните «git lfs pull».",
    "{key} cannot be loaded: {reason}.": "{key}: загрузить не удалось: {reason}.",
    "llama.cpp gave no reason": "llama.cpp не назвала причины",
    "{key} has no room for {slots} × {context:,} tokens: {reason}.": (
        "{key}: нет места для {slots} × {context:,} токенов: {reason}."
    ),
    "Set a smaller context_tokens, or fewer sequences, in models.yaml.": (
        "Задайте в models.yaml меньше context_tokens или sequences."
    ),
    "llama.cpp stopped with code {code}: {reason}.": "llama.cpp остановилась с кодом {code}: {reason}.",
    "{key}: {name} is not JSON: {reason}.": "{key}: {name} — не JSON: {reason}.",
    "{key}: the table has no row “” for tokens without a row.": (
        "{key}: в таблице нет строки «» для токенов, у которых своей строки нет."
    ),
    "Add one.": "Добавьте её.",
    "{key}: the row “{words}” of the table does not add up to 1.": "{key}: сумма строки «{words}» таблицы не равна 1.",
    "It must hold probabilities from 0 to 1.": "В ней должны стоять вероятности от 0 до 1.",
    "The adapter of {key}": "Адаптер модели {key}",
    "{whose} has its weights in a pickle, which is not read.": "{whose}: веса в файле pickle, а такие не читаются.",
    "{whose} has no {name}.": "{whose}: нет файла {name}.",
    "Save it with safetensors.": "Сохраните его в safetensors.",
    "{whose} is of the kind {kind}, which tunes inputs.": "{whose}: вид {kind}, который настраивает вход.",
    "LoRA and prefix tuning work.": "Работают LoRA и prefix tuning.",
    "{whose} does not fit the model: {reason}.": "{whose}: к модели не подходит: {reason}.",
    "It must have been made for this very model.": "Он должен быть сделан именно для этой модели.",
    "{whose} has {its}; the model has {the_models}.": "{whose}: {its}; у модели — {the_models}.",
    "{layers} layers of {heads} heads, each {width} wide": "слоёв {layers}, голов {heads}, ширина каждой {width}",
    "{whose}: tensors {lack}: {names}{more}.": "{whose}: тензоры {lack}: {names}{more}.",
    "are missing": "отсутствуют",
    "belong to layers that the model lacks": "относятся к слоям, которых у модели нет",
    "have another shape than config.json says": "другой формы, чем сказано в config.json",
    "are left over, as config.json describes fewer layers": "лишние, так как в config.json слоёв меньше",
    "{whose}: {name} cannot be read: {reason}.": "{whose}: {name} не читается: {reason}.",
    "{whose}: {name} is no JSON: {reason}.": "{whose}: {name} — не JSON: {reason}.",
    "{whose}: {name} holds {found} instead of an object.": "{whose}: в {name} вместо объекта стоит {found}.",
    "{key} cannot be converted: {reason}.": "{key}: преобразовать не удалось: {reason}.",
    "See to its folder.": "Проверьте его папку.",
    "{key} needs about {needed:.1f} GB to be converted": "{key}: для преобразования нужно около {needed:.1f} ГБ",
    "{need}; {free:.1f} GB are free.": "{need}; свободно {free:.1f} ГБ.",
    "{need}; {limit:.1f} GB PLAYGROUND_CACHE_GB allows.": "{need}; PLAYGROUND_CACHE_GB допускает {limit:.1f} ГБ.",
    "Free some, set PLAYGROUND_CACHE to another disk, or use the backend llamacpp.": (
        "Освободите место, задайте PLAYGROUND_CACHE на другом диске или выберите бэкенд llamacpp."
    ),
    "PLAYGROUND_CACHE_GB is {value}; it must be a number above 0.": (
        "PLAYGROUND_CACHE_GB: {value}; нужно число больше 0."
    ),
    "Set it, or unset it for 20.": "Задайте его или уберите, тогда будет 20.",
    "{key}: transformers cannot read this GGUF file: {reason}.": (
        "{key}: transformers не читает этот файл GGUF: {reason}."
    ),
    "{key}: its tokenizer knows {size:,} tokens, its logits {width:,}.": (
        "{key}: токенов у токенизатора {size:,}, а логитов {width:,}."
    ),
    "Tokenizer and weights are of two models.": "Токенизатор и веса — от двух разных моделей.",
    "{key}: context_tokens is {context:,}; this model reads {longest:,}.": (
        "{key}: context_tokens: {context:,}; эта модель читает {longest:,}."
    ),
    "Set context_tokens to {most:,} in models.yaml.": "Задайте в models.yaml context_tokens: {most:,}.",
    "{key} has no tokenizer that can be read: {reason}.": "{key}: нет токенизатора, который можно прочитать: {reason}.",
    "Its folder needs tokenizer.json, or the files that it is made from.": (
        "В папке нужен tokenizer.json или файлы, из которых он делается."
    ),
    "{key} has a tokenizer in Python only.": "{key}: токенизатор есть только на Python.",
    "Save it as tokenizer.json.": "Сохраните его как tokenizer.json.",
    "{key} has its weights in {name} only; pickles are not read, as they can run code.": (
        "{key}: веса только в {name}; файлы pickle не читаются, так как могут выполнять код."
    ),
    "Convert them to safetensors.": "Преобразуйте их в safetensors.",
    "{key}: device is {device}; this machine has {found}.": "{key}: device: {device}; на этой машине есть {found}.",
    "Change device.": "Измените device.",
    "{key} comes with Python code of its own, which is not run.": (
        "{key}: при модели свой код на Python, а он не выполняется."
    ),
    "Where you trust it, set trust_remote_code and pin the revision in models.yaml.": (
        "Если вы ему доверяете, задайте в models.yaml trust_remote_code и закрепите ревизию."
    ),
    "{key}: config.json (model_type {kind}) is refused: {reason}.": (
        "{key}: config.json (model_type {kind}) не принят: {reason}."
    ),
    "{key}: a file of its weights is damaged: {reason}.": "{key}: файл весов повреждён: {reason}.",
}
