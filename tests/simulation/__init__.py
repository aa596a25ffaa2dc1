"""Deterministic simulation: the real stores, scheduler and services under a clock, a network and deaths that a seed draws.

One thread, one heap of events in simulated time. What a process says to the store is the product's own code on a real
store; what is simulated is time, which message is lost, late or repeated, and who is stopped, killed or slow. After the
faults everything accepted must end, and `checker` judges what happened. `python -m simulation --seed 17` shows one seed.
"""
