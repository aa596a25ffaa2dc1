"""The stores that tests run against: a pytest plugin, loaded by tests/conftest.py.

A test that asks for `make_store` (or `new_store_url`) runs once on each store. `--stores sqlite,postgres` chooses, and
`@pytest.mark.stores("postgres", "mariadb")` names those that a test is for. A server that cannot be had skips its
tests, counted; with CI=true it fails them. A table of tests x store stands above the last line of the run.
"""
