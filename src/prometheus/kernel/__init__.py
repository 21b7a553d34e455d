"""Words that every floor shares: errors, ids, sessions, money, units, configs. Imports nothing of ours."""
