"""The ping path: a small raw ASGI application that answers once a signal is durable."""
