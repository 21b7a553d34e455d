"""What was known about an issuer as of a date."""
