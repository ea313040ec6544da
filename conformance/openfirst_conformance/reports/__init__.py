"""Reports: words and formats for people and programs."""
