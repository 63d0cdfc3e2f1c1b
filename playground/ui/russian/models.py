"""The words of the models view in Russian, and what its numbers may be."""

from __future__ import annotations

MODELS: dict[str, str] = {
    "view_models": "Модели",
    "models_title": "Модели",
    "models_memory": "Все модели вместе занимают {taken} из отведённых {budget}.",
    "models_reload": "Прочитать {file} заново",
    "models_reloaded": "Файл {file} прочитан заново.",
    "models_need": "нужно около {need}",
    "models_absent": "не скачана",
    "models_downloading": "скачано {share} из {total}",
    "models_download_failed": "не скачана: {reason}",
    "models_ready": "готова к загрузке",
    "models_waits": "ждёт модель {title}",
    "models_up": "загружена, {memory}, за {seconds} с",
    "models_build": "{build} · контекст, токенов: {context} · словарь {vocab} · {batch}",
    "models_exact": "тексты, считаемые вместе (до {count}), получаются точно такими же, как поодиночке",
    "models_inexact": "два текста, считаемые вместе, отличаются последними цифрами от считаемых поодиночке",
    "models_options": "Загрузить с другими числами",
    "models_options_how": "Впишите то, что должно быть другим, и нажмите кнопку загрузки выше.",
    "models_usual": "models.yaml: {usual}",
    "models_unset": "выберет бэкенд",
    "stage_starting": "запуск …",
    "stage_reading": "запуск …",
    "stage_hashing": "чтение файла …",
    "stage_converting": "преобразование, один раз для этого файла …",
    "stage_loading": "загрузка …",
    "action_load": "Загрузить",
    "action_reload_model": "Загрузить заново",
    "action_unload": "Выгрузить",
    "action_cancel": "Отменить",
    "action_download": "Скачать",
    "action_cancel_download": "Отменить скачивание",
}
ALLOWED: dict[str, str] = {
    "allowed_context_tokens": "целое число из [256, 1048576], кратное 256",
    "allowed_sequences": "целое число из [2, 32]",
    "allowed_threads": "целое число из [1, 512]",
    "allowed_gpu_layers": "целое число из [-1, 1000]",
    "allowed_dtype": "одно из: float32, bfloat16, float16",
    "allowed_device": "одно из: cpu, cuda, mps",
}
