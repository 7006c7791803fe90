"""Accounts: signing in by mailed code, second factors, and a person's own page."""
