"""What is true, and what happens next: pure functions and values; `now` is always an argument."""
