"""The console's own screens: sign-in, overview, people, settings, trail."""
