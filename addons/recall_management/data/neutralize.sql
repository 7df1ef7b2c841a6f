-- A copy of the database asks no terminal.
UPDATE recall_enterprise
   SET active = FALSE, token_sealed = NULL, technical_email = NULL;
-- Nor is it the one that filing systems hand plans to.
UPDATE recall_plan_interface SET active = FALSE;
-- Nor does it tell anyone of anything: no address is left.
UPDATE res_partner SET email = NULL, email_normalized = NULL, phone = NULL
 WHERE id IN (SELECT technical_contact_id FROM recall_producer);
DELETE FROM ir_config_parameter WHERE key = 'recall_management.alarm_addresses';
