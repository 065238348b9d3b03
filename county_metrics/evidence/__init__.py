"""Published figures as validated records: where each comes from, what it covers, what it can mean."""
