-- A copy of the database authorises no peer.
UPDATE recall_token SET revoked_at = now() AT TIME ZONE 'UTC' WHERE revoked_at IS NULL;
-- Nor does it go on with imports, or hold the files of the real one.
UPDATE recall_import SET state = 'stopped'
 WHERE state NOT IN ('done', 'stopped');
DELETE FROM recall_import_chunk;
-- No mail waits in it, nor one that failed, with the address.
DELETE FROM mail_mail WHERE state IN ('outgoing', 'exception');
