"""What each screen of the console shows, in one question each."""
