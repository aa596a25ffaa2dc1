"""Programs and scripts: argv or the text of a script, parameters as environment variables, output captured."""

from rota.executors.script.executor import ScriptExecutor, ScriptSettings

__all__ = ["ScriptExecutor", "ScriptSettings"]
