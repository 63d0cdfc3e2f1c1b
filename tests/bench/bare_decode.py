"""The loop to compare with: greedy decoding by llama_decode alone, in a process of its own; prints tokens/s."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import llama_cpp
import numpy as np

from playground.catalog import read_catalog
from playground.entry import default_threads

ROOT = Path(__file__).resolve().parent.parent.parent


def tokens_per_s(key: str, prompt: str, tokens: int) -> float:
    """Read a prompt, then decode the most probable token again and again."""
    spec = read_catalog(ROOT / "models.yaml").get(key)
    quiet = llama_cpp.llama_log_callback(lambda *_: None)
    llama_cpp.llama_log_set(quiet, None)
    model = llama_cpp.llama_model_load_from_file(str(spec.file).encode(), llama_cpp.llama_model_default_params())
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = spec.context_tokens
    params.n_threads = params.n_threads_batch = spec.threads or default_threads()
    context = llama_cpp.llama_init_from_model(model, params)
    vocab = llama_cpp.llama_model_get_vocab(model)
    size = llama_cpp.llama_vocab_n_tokens(vocab)
    ids = (llama_cpp.llama_token * 512)()
    raw = prompt.encode()
    count = llama_cpp.llama_tokenize(vocab, raw, len(raw), ids, 512, True, True)  # noqa: FBT003
    one = (llama_cpp.llama_token * 1)()
    llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(ids, count))
    start = time.perf_counter()
    for _ in range(tokens):
        row = np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(context, -1), (size,))
        one[0] = int(row.argmax())
        llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(one, 1))
    return tokens / (time.perf_counter() - start)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("key")
    parser.add_argument("prompt")
    parser.add_argument("tokens", type=int)
    options = parser.parse_args()
    print(tokens_per_s(options.key, options.prompt, options.tokens))
