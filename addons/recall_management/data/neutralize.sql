-- A copy of the database asks no terminal.
UPDATE recall_enterprise SET active = FALSE, token_sealed = NULL;
