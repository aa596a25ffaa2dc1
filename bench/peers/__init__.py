"""Other people's queues, run by the python of a venv of their own: nothing here imports Rota or the rest of the bench."""
