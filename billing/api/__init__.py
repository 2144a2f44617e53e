"""Plans and payments over HTTP."""
