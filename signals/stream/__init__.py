"""The live stream: server-sent events from a small raw ASGI application, no thread and no connection per client."""
