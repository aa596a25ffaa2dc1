"""Programs and scripts: argv or the text of a script, parameters as environment variables, output captured."""

from rota.executors.base import Setting
from rota.executors.script.executor import ScriptExecutor, ScriptSettings

__all__ = ["ScriptExecutor", "ScriptSettings", "build"]


def build(setting: Setting) -> ScriptExecutor:
    """The executor of an installation."""
    script = setting.config.script
    return ScriptExecutor(ScriptSettings(enabled=script.enabled, working_directory=script.directory))
