"""Files a second of ``ingest run``, beside what a user would write instead and beside the bound."""
