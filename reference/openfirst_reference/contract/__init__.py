"""The contract: what is stated, as frozen data, read from the files of the spec room."""
