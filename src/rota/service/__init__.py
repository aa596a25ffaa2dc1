"""What a user may ask: every function checks the right, validates, and does its work in one transaction."""
