"""The engine that carries checks out on time: one loop thread, one database thread."""
