"""How work runs: `base` is the protocol, each other module a kind."""
