"""Regions: the tokens and the work of their agents, and what is said when nobody looks from one."""
