"""Verdicts: which rules a violation breaks, whether it can be shown again, and what is concluded of each rule."""
