-- The entry case.held that says the hold: its index in our ledger.  NULL: from before holds were entries; the next start writes one.
ALTER TABLE retention_hold ADD COLUMN entry INTEGER;
