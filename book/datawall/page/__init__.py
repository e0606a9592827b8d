"""What a chapter shows: figures, tables, quotes, the ledger, exercises."""
