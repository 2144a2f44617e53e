"""The OAuth 2.0 server: applications of others act for a person, in one workspace, with at most that person's role."""
