"""Planning: the resolved table of a fixture and the suites drawn from it. No call is made in here."""
