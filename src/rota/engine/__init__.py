"""When there is work: claim, run, complete."""
