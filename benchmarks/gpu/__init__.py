"""A network trained and measured in short slices on a machine that is rented for half an hour; see docs/robust-5g.md.

``python -m benchmarks.gpu COMMAND`` from the root of the repository. It runs where there is torch, numpy, Pillow,
safetensors and this repository, and nothing else.
"""
