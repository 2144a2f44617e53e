"""Floor 2: what a workspace may use; today one unlimited plan, as self-hosted."""
