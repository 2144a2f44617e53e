"""What people type, turned into what services take; the rules stay with the services."""
