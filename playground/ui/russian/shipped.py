"""What the models.yaml that comes with the page says of its models, in Russian; by the English text.

Notes that somebody writes there stay as they are.
"""

from __future__ import annotations

SHIPPED: dict[str, str] = {
    "Comes with the installation.": "Поставляется вместе с программой.",
    "Comes with the installation. The first load converts the file, about half a minute; later ones do not.": (
        "Поставляется вместе с программой. При первой загрузке файл преобразуется, около полуминуты; потом уже нет."
    ),
    "About 1 GB to download.": "Скачать нужно около 1 ГБ.",
    "About 2 GB to download.": "Скачать нужно около 2 ГБ.",
    "About 6 GB to download, and as much memory; twice as much on a CPU that is slow with 16 bits.": (
        "Скачать нужно около 6 ГБ, столько же и памяти; вдвое больше на процессоре, медленном с 16 битами."
    ),
    "About 11 GB to download, since the parts that see, hear and speak come along.": (
        "Скачать нужно около 11 ГБ, так как в них входят и части, которые видят, слышат и говорят."
    ),
    "A base model without a chat template. About 6 GB to download.": (
        "Базовая модель без шаблона чата. Скачать нужно около 6 ГБ."
    ),
    (
        "A base model that writes Russian. About 2 GB to download. If its page has the weights as a pickle only "
        "(pytorch_model.bin), they are not read here, since a pickle can run code: save them as safetensors where you "
        "trust them, and set source to path: and that folder."
    ): (
        "Базовая модель, которая пишет по-русски. Скачать нужно около 2 ГБ. Если на её странице веса есть только в "
        "файле pickle (pytorch_model.bin), здесь они не читаются, так как pickle может выполнять код: сохраните их в "
        "safetensors, если им доверяете, и укажите в source path: и эту папку."
    ),
    "A base model. About half a GB to download, once you have accepted its terms on the hub and set HF_TOKEN.": (
        "Базовая модель. Скачать нужно около 0.5 ГБ, но сначала принять её условия на хабе и задать HF_TOKEN."
    ),
    "A table of which word follows which, for lessons.": "Таблица, какое слово за каким следует: для уроков.",
    "licence not stated on its page": "лицензия на её странице не указана",
}
