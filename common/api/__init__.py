"""What every endpoint stands on: strict JSON in and out, problems, lists, entity tags, idempotency, the document."""
