"""Who checks what, when: slots, claims and leases, and the engine's side of the database."""
