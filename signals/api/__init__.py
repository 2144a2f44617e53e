"""The HTTP interface of signals that Django serves; pings and the stream are raw applications."""
