"""Tags for templates of reports."""
