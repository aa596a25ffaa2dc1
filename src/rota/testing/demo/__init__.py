"""A store full of believable history, made from one seed: to look at a console with, and to measure against.

`python -m rota.testing.demo` makes it; `rota up --app rota.testing.demo.functions` goes on with it, and nothing that it
runs does more than wait a little and say so.
"""

from rota.testing.demo.generator import Made, generate
from rota.testing.demo.size import Size

__all__ = ["Made", "Size", "generate"]
