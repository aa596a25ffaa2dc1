"""Measures Rota's hot paths beside the raw database doing the same work: `make bench`, or `python -m bench --help`."""
