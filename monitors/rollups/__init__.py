"""Hours and days of results: rolled up once they are over, and read in their place."""
