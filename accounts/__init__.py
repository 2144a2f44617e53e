"""Floor 1: users, workspaces, members, tokens, OAuth models, audit log."""
