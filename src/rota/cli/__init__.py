"""The command line: translates words into requests and answers into text, and decides nothing."""
