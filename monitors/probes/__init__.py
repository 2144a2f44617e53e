"""The probes: what one check does and how its result is judged; no Django, no loop."""
