"""Runs seeds: `PYTHONPATH=tests python -m simulation --seed 17` tells the whole story of one that breaks something."""

import argparse
import json
import logging
import sys
from dataclasses import asdict

from simulation.plan import draw_plan
from simulation.seeds import judge, stores
from simulation.variants import BROKEN


def main() -> int:
    """1 when an invariant was broken."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--seed", type=int, help="one seed")
    which.add_argument("--seeds", help="several: FIRST:BEYOND or FIRST:BEYOND:STEP")
    parser.add_argument("--variant", choices=sorted(BROKEN), help="on a store that is broken on purpose")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each seed")
    given = parser.parse_args()
    seeds = range(given.seed, given.seed + 1) if given.seeds is None else range(*map(int, given.seeds.split(":")))
    logging.disable(logging.CRITICAL)
    bad = 0
    with stores() as where:
        for seed in seeds:
            verdict = judge(seed, where, given.variant)
            bad += bool(verdict.text)
            if given.json:
                print(json.dumps(asdict(verdict)), flush=True)
            elif verdict.text:
                print(f"seed {seed}\n{verdict.text}\n")
            elif given.seed is not None:
                print(f"plan: {draw_plan(seed).as_text()}")
    if not given.json:
        print(f"{len(seeds)} seeds, {bad} of them bad")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
