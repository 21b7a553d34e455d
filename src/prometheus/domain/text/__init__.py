"""Text: news, filings, calls and events, and whom they are about."""
