"""Driving: a case is played against an implementation, and a failing one is made minimal."""
