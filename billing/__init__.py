"""Floor 2: plans, trials, subscriptions, and what a workspace may use."""
