# SPDX-License-Identifier: LGPL-3.0-only
"""What `make bench` computes and writes, without measuring anything."""

import json
from types import SimpleNamespace

import pytest
from bench import frame, growth, memory, report, scale, sizes
from bench.__main__ import MEASUREMENTS, choose
from bench.gateway import good_rate, is_usual
from bench.load import Load
from stack.settings import StackError

RUN = {
    "taken": "2026-01-01 00:00",
    "quick": True,
    "machine": "a machine",
    "load_before": 0.1,
    "versions": {"Python": "3"},
}
RUNS = [{"ours": 90.0, "peer": 100.0}, {"ours": 40.0, "peer": 20.0}]


def result(**values):
    return frame.Result("P1", "look-up", "floor", **values)


def lines_of(*results):
    known = {r.id: r.as_dict() | {"run": RUN} for r in results}
    return report.table(json.loads(json.dumps(known)))


def test_ratio_is_not_of_the_same_run():
    assert frame.ratios(RUNS, "ours", "peer") == (0.9, 2.0)


@pytest.mark.parametrize(
    "aim, values, reached",
    [
        (frame.Aim("≥", 0.85), (0.1, 0.85, 0.9), True),
        (frame.Aim("≥", 0.85), (0.1, 0.84, 0.9), False),
        (frame.Aim("≤", 2), (1.0, 2.0, 9.0), True),
        (frame.Aim("≤", 0, "maximum"), (0.0, 0.0, 1.0), False),
    ],
)
def test_aim_is_told_reached_wrongly(aim, values, reached):
    assert frame.Figure("x", values, aim=aim).reached is reached


def test_slope_is_not_the_growth_in_a_unit_of_time():
    assert frame.slope([0, 1, 2], [5, 7, 9]) == pytest.approx(2)
    assert frame.slope([3], [5]) == 0


def test_table_leaves_out_minimum_median_or_maximum():
    figure = frame.Figure("rate", (0.5, 0.7, 0.6), aim=frame.Aim("≥", 0.65))
    line = lines_of(result(figures=[figure], sizes={"rows": 1000}))[-1]
    assert "| 0.5× | 0.6× | 0.7× | ≥ 0.65 | **no** | quick: rows 1,000 |" in line


def test_peer_that_cannot_be_run_is_not_printed_as_such():
    line = lines_of(result(missing="FastAPI is not installed"))[-1]
    assert "not run: FastAPI is not installed" in line


def test_result_of_an_earlier_run_is_lost(tmp_path):
    report.store(tmp_path, [frame.Result("P2", "a", "b", missing="c")], RUN)
    known = report.store(tmp_path, [result(missing="d")], RUN)
    assert set(known) == {"P1", "P2"}
    report.write(tmp_path, known)
    assert "P1, P2: 2026-01-01" in (tmp_path / "performance.md").read_text()


def test_quick_sizes_are_not_smaller():
    quick, full = sizes.QUICK, sizes.FULL
    assert quick.round_records < full.round_records
    for name in ("seconds", "existing", "orm", "sync", "imported", "lookups"):
        assert getattr(quick, name) < getattr(full, name)
    assert min(quick.rounds, quick.turns) >= 5


def test_measurement_of_the_table_is_in_no_module():
    ids = [name for names in MEASUREMENTS.values() for name in names]
    assert sorted(ids) == sorted([*(f"P{n}" for n in range(1, 14)), "CYCLE", "LOG"])


@pytest.mark.parametrize(
    ("sizes_late", "seconds", "reached"),
    [((100, 100), 300, True), ((100, 101), 300, False), ((100, 101), 30, None)],
)
def test_what_fills_the_caches_at_first_is_a_leak(sizes_late, seconds, reached):
    """Only growth in the late half is, if that is long enough to tell."""
    times = [0, 1, seconds, seconds + seconds / 2, 2 * seconds]
    first, last = sizes_late
    figure = memory.describe_slope(times, [50, 80, first, first, last])
    assert figure.reached is reached


def test_memory_of_a_process_that_waits_is_watched():
    """The worker counts, not its larger parent; one that was replaced is no answer."""
    mb = memory.MB
    seen = [{1: (50, 9 * mb), 2: (10, 4 * mb)}, {1: (51, 9 * mb), 2: (90, 5 * mb)}]
    assert memory.sizes_of_busiest(seen) == [4, 5]
    with pytest.raises(StackError):
        memory.sizes_of_busiest([seen[0], {1: (51, 9 * mb), 3: (90, 5 * mb)}])


def test_only_takes_what_there_is_not():
    assert choose("P2 P11") == {"vins": {"P11"}, "lookups": {"P2"}}
    with pytest.raises(StackError, match="P99"):
        choose("P99")


def test_scale_is_not_computed_from_what_was_measured(tmp_path):
    throughput = frame.Figure("throughput", (500.0, 700.0, 600.0), "answers/s")
    gateway = result(figures=[throughput], details={"bytes_per_answer": 1000})
    grown = result(figures=[throughput], runs=[{"bytes_per_row": 500}])
    run = RUN | {"machine": "a processor, 2 cores, 8 GB"}
    known = {
        name: r.as_dict() | {"run": run}
        for name, r in (("P4", gateway), ("P12", grown))
    }
    assert not scale.write(tmp_path, {"P4": known["P4"]})
    assert scale.write(tmp_path, known)
    text = (tmp_path / "scale.md").read_text()
    assert "2,000 ÷ (600 × 0.6), rounded up | 6 |" in text
    assert "| 60 GB |" in text and "| 2.0 MB/s |" in text


def load(requests=100, *, bad=0, limited=0, median=0.1):
    return Load(requests, requests / 10, bad, limited, median, median, 1.0, 1.0, 0)


def test_refusal_counts_as_good_answer():
    """S-PERF: who is told to come again was not served."""
    assert good_rate(load(100, bad=10, limited=40)) == pytest.approx(5.0)
    assert good_rate(load(0)) == 0


@pytest.mark.parametrize(
    ("after", "usual"),
    [
        (load(), True),
        (load(median=0.2), False),
        (load(0, median=0.0), False),
        (load(limited=1), False),
        (load(bad=1), False),
    ],
)
def test_server_is_called_healthy_again_too_early(after, usual):
    assert is_usual(after, 0.1) is usual


def test_size_that_is_there_is_left_out_for_want_of_room(monkeypatch):
    """Tables that another measurement has made need no more room on the disk."""
    monkeypatch.setattr(growth, "measure_size", lambda *_: ({"look-up": [1.0]}, {}))
    monkeypatch.setattr(growth, "ask", lambda _bench, size, _query: 100 * size)
    bench = SimpleNamespace(
        sizes=SimpleNamespace(growth=(10, 100, 500)),
        has=lambda size: size == 100,
        free_bytes=lambda: 0,
    )
    [found] = growth.measure(bench, {"P12"})
    assert [run["rows"] for run in found.runs] == [10, 100]
    found.id = "P1"
    row = lines_of(found)[-1]
    assert "500 rows" in row and "not run: the disk is too small" in row
