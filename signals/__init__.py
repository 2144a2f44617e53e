"""Floor 4: heartbeats, signal history, the live stream."""
