"""Platforms: where the credentials of a case come from, and how a platform is judged itself."""
