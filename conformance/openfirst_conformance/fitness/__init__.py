"""Whether an adapter is fit to judge through, before anything is judged."""
