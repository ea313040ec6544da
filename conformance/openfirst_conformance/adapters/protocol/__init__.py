"""The adapter protocol: lines, messages, faults and outcomes, whatever carries the bytes."""
