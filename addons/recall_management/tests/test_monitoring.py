# SPDX-License-Identifier: LGPL-3.0-only
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import HttpCase, tagged
from odoo.tools import SQL, config

from odoo.addons.recall_base.tests.common import RecallCommon

from ..controllers import monitoring

HEALTH, METRICS = "/recall/health", "/recall/metrics"


@tagged("post_install", "-at_install")
class TestMonitoring(RecallCommon, HttpCase):
    """What an outside monitoring system sees."""

    def setUp(self):
        super().setUp()
        self.pull_cron = self.env.ref("recall_management.ir_cron_pull")
        self.beat()
        self.env["recall.audit.checkpoint"]._cron_seal()

    def beat(self, **ago):
        """Both scheduled actions finished a run so long ago."""
        for name in ("pull", "watch"):
            self.env["recall.heartbeat"]._beat(name)
        self.env.cr.execute(
            SQL(
                "UPDATE recall_heartbeat SET beat_at = %s",
                fields.Datetime.now() - timedelta(**ago),
            )
        )
        self.env.invalidate_all()

    def assertHealth(self, status, **checks):
        response = self.url_open(HEALTH)
        self.assertEqual(response.status_code, status)
        answer = response.json()
        self.assertEqual(answer["status"], "pass" if status == 200 else "fail")
        expected = {"database": True, "pull": True, "watch": True, "log": True}
        self.assertEqual(answer["checks"], expected | checks)

    # === Health === #

    def test_healthy_terminal_says_so_without_a_session(self):
        """M-MONITOR: 200, no cookie, not kept by any cache."""
        response = self.url_open(HEALTH)
        self.assertNotIn("Set-Cookie", response.headers)
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertHealth(200)

    def test_scheduled_action_that_hangs_goes_unnoticed(self):
        """M-MONITOR: no run has finished for more than 5 minutes (3 intervals)."""
        self.beat(minutes=4)
        self.assertHealth(200)
        self.beat(minutes=6)
        self.assertHealth(503, pull=False, watch=False)

    def test_scheduled_action_that_waits_for_a_clock_put_back_goes_unnoticed(self):
        """M-MONITOR X-FAULT: its last run lies in the future."""
        self.beat(minutes=-4)
        self.assertHealth(200)
        self.beat(days=-1)
        self.assertHealth(503, pull=False, watch=False)

    def test_scheduled_action_that_is_switched_off_goes_unnoticed(self):
        """M-MONITOR: at once, whenever it ran last."""
        self.pull_cron.active = False
        self.assertHealth(503, pull=False)

    def test_scheduled_action_with_a_long_interval_is_given_its_time(self):
        """M-MONITOR: three of its intervals."""
        self.pull_cron.interval_number = 10
        self.beat(minutes=29)
        self.assertHealth(503, watch=False)
        self.beat(minutes=31)
        self.assertHealth(503, pull=False, watch=False)

    def test_run_that_fails_counts_as_a_run(self):
        """M-MONITOR: Odoo moves ``lastcall`` on all the same."""
        self.beat(minutes=6)
        Enterprise = type(self.env["recall.enterprise"])
        with (
            patch.object(Enterprise, "_lease_due", side_effect=ValueError),
            self.assertRaises(ValueError),
        ):
            self.env["recall.enterprise"]._cron_pull()
        self.assertHealth(503, pull=False, watch=False)

    def test_log_that_is_not_sealed_goes_unnoticed(self):
        """M-MONITOR X-TAMPER: an event has waited for more than 15 minutes."""
        self.fall_behind(minutes=16)
        self.assertHealth(503, log=False)

    def test_stranger_learns_no_details(self):
        """M-MONITOR X-ATTACK: pass or fail, and no metrics at all."""
        self.set_networks("10.0.0.0/8")
        with self.asking_from("203.0.113.9") as headers:
            health = self.url_open(HEALTH, headers=headers)
            response = self.url_open(METRICS, headers=headers)
        self.assertEqual(health.json(), {"status": "pass"})
        self.assertEqual((response.status_code, response.text), (404, "Not found.\n"))

    # === Metrics === #

    def set_networks(self, text):
        self.env["ir.config_parameter"].set_param(monitoring.NETWORKS, text)

    @contextmanager
    def asking_from(self, address):
        """The headers with which the gateway hands on a request from an address."""
        with patch.dict(config.options, {"proxy_mode": True}):
            yield {"X-Forwarded-For": address, "X-Forwarded-Host": "x.example"}

    def test_networks_that_may_read_metrics(self):
        """M-MONITOR X-ACCESS: those named; a slip of the pen opens nothing."""
        cases = {
            "": 404,
            "10.1.0.0/16": 200,
            "192.0.2.0/24, 10.1.0.0/16,": 200,
            "192.0.2.0/24": 404,
            "10.1.0.0/16, nonsense": 404,
            "::1": 404,
        }
        for text, status in cases.items():
            with self.subTest(networks=text), self.asking_from("10.1.2.3") as headers:
                self.set_networks(text)
                response = self.url_open(METRICS, headers=headers)
                self.assertEqual(response.status_code, status)

    def test_setting_shuts_the_server_itself_out(self):
        """M-MONITOR: loopback reads both, whatever the setting says."""
        for text in ("", "10.1.0.0/16", "nonsense"):
            with self.subTest(networks=text):
                self.set_networks(text)
                self.assertEqual(self.url_open(METRICS).status_code, 200)
                self.assertHealth(200)

    def test_forwarded_request_passes_for_a_local_one(self):
        """X-ATTACK: behind a proxy every caller has the proxy's address."""
        headers = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "x.example"}
        for proxy_mode in (False, True):
            with (
                self.subTest(proxy_mode=proxy_mode),
                patch.dict(config.options, {"proxy_mode": proxy_mode}),
            ):
                response = self.url_open(METRICS, headers=headers)
                self.assertEqual(response.status_code, 404)

    def test_metrics_are_text_that_prometheus_reads(self):
        """M-MONITOR: help, type and samples of each; names of producers escaped."""
        producer = self.make_producer(name='A "quoted" \\ name\nof two lines')
        enterprise = self.env["recall.enterprise"].create(
            {
                "producer_id": producer.id,
                "url": "https://terminal.example/sync",
                "api_cfg": "cfg",
                "api_token": "key.secret",
            }
        )
        enterprise.write(
            {
                "cycle_total": 12,
                "cycle_failed_total": 3,
                "record_total": 7,
                "last_success_at": fields.Datetime.now() - timedelta(minutes=5),
            }
        )
        response = self.url_open(METRICS)
        self.assertTrue(response.headers["Content-Type"].startswith("text/plain"))
        samples = {}
        for line in response.text.splitlines():
            if not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                samples[name] = float(value)
        label = (
            f'enterprise="{enterprise.id}",'
            'producer="A \\"quoted\\" \\\\ name\\nof two lines"'
        )
        self.assertEqual(samples[f"recall_enterprise_cycles_total{{{label}}}"], 12)
        self.assertEqual(
            samples[f"recall_enterprise_failed_cycles_total{{{label}}}"], 3
        )
        self.assertEqual(samples[f"recall_enterprise_records_total{{{label}}}"], 7)
        age = samples[f"recall_enterprise_last_success_age_seconds{{{label}}}"]
        self.assertAlmostEqual(age, 300, delta=30)
        self.assertGreaterEqual(samples['recall_enterprises{state="new"}'], 1)
        self.assertIn('recall_incidents_open{kind="failure"}', samples)
        self.assertIn('recall_cron_last_run_age_seconds{action="pull"}', samples)
        self.assertIn("recall_log_sealing_lag_seconds", samples)
        self.assertIn("recall_quarantine_open", samples)
        self.assertNotIn("secret", response.text)
