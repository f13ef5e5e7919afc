"""Language understanding: what a message means and whether a human must be paged now."""
