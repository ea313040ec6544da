"""Recordings: what already happened, read from logs and HAR files, and judged."""
