-- A copy of the database answers no data user: tokens issued for the real one end here.
UPDATE recall_token
   SET revoked_at = now() AT TIME ZONE 'UTC'
 WHERE purpose = 'share' AND revoked_at IS NULL;
UPDATE recall_share_interface
   SET active = false;
-- Nor does it write to any subscriber.
UPDATE recall_push
   SET state = 'cancelled'
 WHERE state IN ('waiting', 'sending');
UPDATE recall_subscription
   SET state = 'cancelled', mail_due = false
 WHERE state != 'cancelled';
UPDATE recall_subscriber
   SET phone_sealed = NULL
 WHERE phone_sealed IS NOT NULL;
DELETE FROM recall_phone_code;
DELETE FROM ir_config_parameter
 WHERE key = 'recall_service.sms';
-- Nor to anyone who has objected to an open recall.
UPDATE recall_objection
   SET mail_due = false, email_sealed = NULL, email_digest = NULL
 WHERE mail_due OR email_digest IS NOT NULL;
-- Nor to an applicant or a partner.
UPDATE recall_data_application
   SET mail_due = NULL
 WHERE mail_due IS NOT NULL;
-- Nor to any partner's server.
UPDATE recall_webhook
   SET state = 'disabled', secret_sealed = NULL, old_secret_sealed = NULL;
