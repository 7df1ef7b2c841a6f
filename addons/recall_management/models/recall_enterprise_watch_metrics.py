# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models

#: A count of open quarantine entries stops here: it is read every few seconds.
COUNT_LIMIT = 100_000
#: Counters that every terminal keeps: name of the metric, help, field.
COUNTERS = (
    ("cycles", "Cycles a terminal was asked in.", "cycle_total"),
    ("failed_cycles", "Cycles that failed.", "cycle_failed_total"),
    ("records", "New records taken in.", "record_total"),
)


class RecallMetrics(models.AbstractModel):
    """Figures for a monitoring system, in the text format of Prometheus (M-MONITOR).

    A few hundred rows are read, and nothing that grows: no exchanges, no reports.
    """

    _name = "recall.metrics"
    _description = "Metrics of the management terminal"

    @api.model
    def _render(self):
        """Return all metrics as text."""
        Enterprise = self.env["recall.enterprise"].with_context(active_test=False)
        enterprises = Enterprise.search([])
        families = [
            self._states(enterprises),
            self._success_ages(enterprises),
            *self._counters(enterprises),
            self._incidents(),
            *self._system(),
        ]
        return "".join(_render_family(*family) for family in families)

    def _states(self, enterprises):
        names = self.env["recall.enterprise"]._fields["state"].get_values(self.env)
        counts = dict.fromkeys(names, 0)
        for enterprise in enterprises:
            counts[enterprise.state] += 1
        samples = [({"state": state}, count) for state, count in counts.items()]
        return "enterprises", "gauge", "Terminals by state.", samples

    def _success_ages(self, enterprises):
        now = fields.Datetime.now()
        samples = [
            (_labels(item), (now - item.last_success_at).total_seconds())
            for item in enterprises
            if item.active and item.last_success_at
        ]
        name = "enterprise_last_success_age_seconds"
        return name, "gauge", "Time since the last answer of a terminal.", samples

    def _counters(self, enterprises):
        for name, text, field in COUNTERS:
            samples = [(_labels(item), item[field]) for item in enterprises]
            yield f"enterprise_{name}_total", "counter", text, samples

    def _incidents(self):
        kinds = self.env["recall.incident"]._fields["kind"].get_values(self.env)
        counts = dict.fromkeys(kinds, 0)
        counts |= dict(
            self.env["recall.incident"]._read_group(
                [("closed_at", "=", False)], ["kind"], ["__count"]
            )
        )
        samples = [({"kind": kind}, count) for kind, count in counts.items()]
        return "incidents_open", "gauge", "Open incidents by kind.", samples

    def _system(self):
        heartbeat = self.env["recall.heartbeat"]
        ages = [({"action": name}, age) for name, age in heartbeat._get_ages().items()]
        yield (
            "cron_last_run_age_seconds",
            "gauge",
            "Time since a scheduled action last finished a run.",
            ages,
        )
        yield (
            "log_sealing_lag_seconds",
            "gauge",
            "Time that the oldest unsealed event of the operation log has waited.",
            [({}, self.env["recall.audit.seal"]._get_lag())],
        )
        waiting = self.env["recall.quarantine"].search_count(
            [("state", "=", "open")], limit=COUNT_LIMIT
        )
        yield (
            "quarantine_open",
            "gauge",
            f"Open quarantine entries, counted up to {COUNT_LIMIT}.",
            [({}, waiting)],
        )


def _labels(enterprise):
    return {"enterprise": str(enterprise.id), "producer": enterprise.name}


def _render_family(name, kind, text, samples):
    lines = [f"# HELP recall_{name} {text}", f"# TYPE recall_{name} {kind}"]
    for labels, value in samples:
        inner = ",".join(f'{key}="{_escape(text)}"' for key, text in labels.items())
        braced = f"{{{inner}}}" if inner else ""
        lines.append(f"recall_{name}{braced} {value}")
    return "\n".join(lines) + "\n"


def _escape(text):
    text = (text or "").replace("\\", "\\\\").replace('"', '\\"')
    return text.replace("\n", "\\n")
