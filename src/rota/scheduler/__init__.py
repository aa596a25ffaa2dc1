"""When time passes: fire what is due, rescue what was lost, tell what happened, forget what is old."""
