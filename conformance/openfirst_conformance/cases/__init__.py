"""Cases: which calls are made, by which clients, and the files that hold them."""
