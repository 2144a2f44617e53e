"""Floor 7: public pages and subscribers; nothing yet but the room."""
