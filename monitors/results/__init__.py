"""What becomes of a check's result: judged, counted, stored, and settled into a status."""
