"""/api/views: each screen of the console in one answer. Programs may ask for them, too."""
