"""The backend of llama.cpp: GGUF files through llama-cpp-python's low-level interface."""

from playground.backends.llamacpp.model import load

__all__ = ["load"]
