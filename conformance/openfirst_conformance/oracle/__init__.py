"""The oracle: in which states an implementation may be, and whether what it did is permitted."""
