"""What a run looks like on paper: the tear sheet and the table of results. Reads nothing, writes nothing."""
