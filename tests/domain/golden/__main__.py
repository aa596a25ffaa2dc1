"""Writes the golden table anew from what Rota does today: `PYTHONPATH=tests python -m domain.golden`."""

from domain.golden.places import PLACES
from domain.golden.table import file_of, table_of_rota, written

for place in PLACES:
    text = written(place, table_of_rota(place))
    file_of(place).write_text(text, encoding="utf-8")
    print(f"{file_of(place).name}: {text.count(chr(10))} lines")
