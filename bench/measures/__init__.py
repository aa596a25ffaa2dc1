"""One module a measure, each with `run(settings)`."""
