"""What vendors' deliveries of daily prices look like: a file each, in the language of a user's mapping."""
