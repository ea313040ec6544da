"""What an author of an adapter takes: `serve`, skeletons to begin with, and the reference client's own adapter."""
