"""Floor 6: channels, rules, deliveries."""
