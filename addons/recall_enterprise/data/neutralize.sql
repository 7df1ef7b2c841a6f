-- A copy of the database is no producer's data interface.
UPDATE recall_interface SET active = FALSE;

-- A copy writes to no owner: nothing waits to be sent, and what hangs counts as sent, so
-- that nobody can send it again.
UPDATE recall_notice SET state = 'skipped' WHERE state = 'queued';
UPDATE recall_notice SET state = 'sent' WHERE state = 'sending' AND channel != 'letter';
UPDATE recall_notice_round SET state = 'stopped' WHERE state = 'running';
UPDATE recall_notice_round SET state = 'draft', check_result = NULL WHERE state = 'checked';
-- Nobody's address is left in it, and no letter.
UPDATE recall_owner_contact
   SET sealed = NULL, phone_digest = NULL, mobile_digest = NULL, email_digest = NULL,
       letter_digest = NULL, content_digest = NULL;
DELETE FROM ir_attachment WHERE res_model = 'recall.notice.file' AND res_field = 'content';
-- Nobody is warned from a copy: neither by its schedule nor by mail that waits in it.
UPDATE recall_producer SET warning_mail = FALSE;
DELETE FROM mail_mail WHERE state IN ('outgoing', 'exception') AND id IN (
    SELECT mail.id FROM mail_mail mail JOIN mail_message message
        ON message.id = mail.mail_message_id WHERE message.model = 'recall.producer');
