# SPDX-License-Identifier: LGPL-3.0-only
from odoo.addons.recall_base.tests.common import RecallCommon

from .fixtures import FIXTURES


class TwoProducersCommon(RecallCommon):
    """Two producers in one database, and a record of every model for each of them.

    ``records`` maps (model, "own" or "other") to the record; ``producer`` is the own
    one.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.producers = {"own": cls.producer, "other": cls.make_producer()}
        cls.records = {}
        for scope, producer in cls.producers.items():
            for model, (prepare_vals, _changes) in FIXTURES.items():
                vals = prepare_vals(cls, producer)
                cls.records[model, scope] = cls.env[model].create(vals)
        cls.own_producers = cls.producer | cls.records["recall.producer", "own"]

    @classmethod
    def get(cls, model, producer):
        """Return the record of a model that stands for a producer."""
        scope = "own" if producer == cls.producer else "other"
        return cls.records[model, scope]

    @classmethod
    def make_bound_user(cls, login, group):
        """Create an account with a role, bound to the own producer and dealer."""
        return cls.make_user(
            login,
            group,
            recall_producer_ids=cls.own_producers.ids,
            recall_dealer_id=cls.records["recall.dealer", "own"].id,
        )
