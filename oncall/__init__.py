"""Floor 7: schedules and escalation; nothing yet but the room."""
