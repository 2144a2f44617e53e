"""Monthly reports: when they are due, what they hold, who gets them."""
