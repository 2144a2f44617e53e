"""One file a section of the dashboard; a view reads its input, checks the role, makes one call, answers."""
