"""The backend of transformers: safetensors folders, GGUF files converted once, PEFT adapters."""

from playground.backends.hf.model import load

__all__ = ["load"]
