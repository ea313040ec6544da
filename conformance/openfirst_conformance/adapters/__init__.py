"""Adapters: the small programs through which implementations are driven, and the ways to one."""
