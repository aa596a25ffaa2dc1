"""What each database does when nothing stands around it: the floor that everything else is measured against.

One module a database, each answering `bench.measure.Floor` on a minimal table: no attempts, no events, no fences, no
ledger.
"""
