"""The typed HTTP client of a coordinator: for the command line, scripts and tests."""
