"""Items of the application's own."""
