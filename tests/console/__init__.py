"""The console in a real browser: what is shown, whether everybody can use it, and that nothing goes wrong unseen."""
