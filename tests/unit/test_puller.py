# SPDX-License-Identifier: LGPL-3.0-only
"""Fetching from many terminals at once, alone and with the real client."""

import ast
import functools
import importlib.util
import os
import sys
import threading
import time
import types
from pathlib import Path

import pytest
from simulation.certificates import Authority
from simulation.fault_server import (
    answer,
    black_hole,
    drip,
    fault_server,
    http_answer,
    refused_port,
)
from tools import http_client

MANAGEMENT = Path(__file__).resolve().parents[2] / "addons" / "recall_management"
GOOD = http_answer(b'{"records": [], "count": 0, "api_status": 200}')


def load(path):
    spec = importlib.util.spec_from_file_location(f"alone_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


puller = load(MANAGEMENT / "tools" / "puller.py")


def gather(post, requests, threads=16):
    """Results of `requests`, each (key, url), in the order they came."""
    with puller.Puller(post, threads) as pull:
        for key, url in requests:
            pull.submit(key, url, {"n": key})
        return list(pull.results())


class Gauge:
    """A `post` that counts how many calls are under way; `release` lets them go."""

    def __init__(self):
        self.lock = threading.Lock()
        self.started = []
        self.under_way = self.most = 0
        self.release = threading.Event()

    def post(self, url, _payload):
        with self.lock:
            self.started.append(url)
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        self.release.wait(5)
        with self.lock:
            self.under_way -= 1
        return url

    def wait_for(self, number):
        deadline = time.monotonic() + 5
        while len(self.started) < number and time.monotonic() < deadline:
            time.sleep(0.001)
        assert len(self.started) == number


# === ALONE === #


def test_tool_needs_neither_odoo_nor_anything_but_python():
    """Each file of tools/ works alone."""
    files = [MANAGEMENT / "tools" / name for name in ("puller.py", "schedule.py")]
    nodes = (node for file in files for node in ast.walk(ast.parse(file.read_text())))
    names = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level
            names.add(node.module.partition(".")[0])
    assert names <= sys.stdlib_module_names


def test_each_request_comes_back_with_its_answer():
    """M-PULL: answers are never mixed up between terminals."""
    results = gather(lambda url, payload: (url, payload), enumerate("abcdefgh"))
    assert {one.key: one.answer for one in results} == {
        key: (url, {"n": key}) for key, url in enumerate("abcdefgh")
    }
    for one in results:
        assert one.payload == {"n": one.key} and one.error is None
        assert abs(one.started - time.time()) < 5 and 0 <= one.seconds < 5


def test_whatever_is_raised_belongs_to_its_request():
    """M-PULL X-FAULT: a fault, also one of our own, fails one terminal only."""
    errors = {
        "a": http_client.PeerError("timeout", "No answer."),
        "b": TypeError("a bug"),
        "c": RecursionError(),
    }

    def post(url, _payload):
        if url in errors:
            raise errors[url]
        return url

    results = {one.key: one for one in gather(post, enumerate("abcd"))}
    assert [results[key].error for key in range(3)] == list(errors.values())
    assert results[3].answer == "d" and results[3].error is None
    assert all(results[key].answer is None for key in range(3))


def test_request_that_cannot_be_made_is_not_made():
    """M-PULL: its error comes out as the result, nobody is asked."""
    asked, error = [], http_client.PeerError("token", "It cannot be opened.")
    with puller.Puller(lambda url, _payload: asked.append(url)) as pull:
        pull.submit(1, "a", {}, error)
        [result] = pull.results()
    assert result.error is error and result.answer is None and asked == []


def test_next_page_may_be_asked_for_while_others_are_under_way():
    """M-PULL: pages of one terminal follow each other, between those of others."""
    pages = {"a": 3, "b": 1, "c": 5}
    served = dict.fromkeys(pages, 0)
    with puller.Puller(lambda url, _payload: url, 2) as pull:
        for url in pages:
            pull.submit(0, url, {})
        for result in pull.results():
            served[result.answer] += 1
            if served[result.answer] < pages[result.answer]:
                pull.submit(0, result.answer, {})
    assert served == pages


def test_results_are_shared_by_threads_that_store():
    """M-PERF X-FAULT: each result goes to one of them; who has nothing to do waits for
    what the other one may ask for next, and both end when nothing is left."""
    pages, served, lock = 40, [], threading.Lock()
    both = threading.Barrier(2)

    def store(pull):
        for number, result in enumerate(pull.results()):
            if not number:
                both.wait(5)
            with lock:
                served.append(result.answer)
            if result.payload["page"] < pages:
                payload = {"page": result.payload["page"] + 1}
                pull.submit(result.key, result.answer, payload)

    with puller.Puller(lambda url, _payload: url, 2) as pull:
        for url in "ab":
            pull.submit(0, url, {"page": 1})
        threads = [threading.Thread(target=store, args=[pull]) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
            assert not thread.is_alive()
    assert sorted(served) == ["a"] * pages + ["b"] * pages


def test_thread_that_stores_ends_when_the_run_fails():
    """X-FAULT: it is in nobody's way, however much is still to come."""
    gauge = Gauge()
    with puller.Puller(gauge.post, 2) as pull:
        for key in range(10):
            pull.submit(key, f"{key}", {})
        thread = threading.Thread(target=list, args=[pull.results()])
        thread.start()
        gauge.wait_for(2)
        threading.Timer(0.05, gauge.release.set).start()
    thread.join(5)
    assert not thread.is_alive() and len(gauge.started) == 2


def test_nothing_to_ask_for_is_no_result():
    """M-PULL: a run without any due terminal ends at once."""
    assert gather(lambda *_: pytest.fail("asked"), []) == []


def test_slow_terminal_holds_up_no_other():
    """M-PULL: results come as they are there, the slow one last."""
    gauge = Gauge()

    def post(url, payload):
        return gauge.post(url, payload) if url == "slow" else url

    with puller.Puller(post, 3) as pull:
        pull.submit(0, "slow", {})
        for key in range(1, 20):
            pull.submit(key, "fast", {})
        keys = []
        for result in pull.results():
            keys.append(result.key)
            if len(keys) == 19:
                gauge.release.set()
    assert keys[-1] == 0 and sorted(keys) == list(range(20))


def test_no_more_than_the_threads_are_under_way():
    """M-PULL: neither connections nor answers in memory beyond the limit; an answer
    that is not stored yet counts."""
    gauge = Gauge()
    with puller.Puller(gauge.post, 4) as pull:
        for key in range(12):
            pull.submit(key, f"{key}", {})
        gauge.release.set()
        results = pull.results()
        next(results)
        time.sleep(0.05)  # whoever stores takes its time
        assert len(gauge.started) == 4
        next(results)
        gauge.wait_for(5)
        assert len(list(results)) == 10
    assert gauge.most <= 4 and len(gauge.started) == 12


def test_requests_are_made_only_when_results_are_asked_for():
    """X-FAULT: so that the leases are committed before anybody is asked."""
    gauge = Gauge()
    gauge.release.set()
    with puller.Puller(gauge.post, 4) as pull:
        pull.submit(0, "a", {})
        time.sleep(0.05)
        assert gauge.started == []
        assert len(list(pull.results())) == 1


def test_leaving_early_makes_no_further_requests():
    """X-FAULT: a run that fails leaves no thread behind."""
    gauge = Gauge()
    with pytest.raises(KeyError):
        with puller.Puller(gauge.post, 2) as pull:
            for key in range(10):
                pull.submit(key, f"{key}", {})
            gauge.release.set()
            next(pull.results())
            raise KeyError
    assert len(gauge.started) <= 3
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("recall-pull")]


# === PEERS THAT HANG === #


class Hanging:
    """A `post` that answers at once, but hangs for the URLs in `names` till `release`.

    `open_at_once` holds how many hang at each moment that somebody is asked.
    """

    def __init__(self, *names):
        self.names, self.release = set(names), threading.Event()
        self.lock, self.hanging, self.most, self.asked = threading.Lock(), 0, 0, []

    def post(self, url, _payload):
        with self.lock:
            self.asked.append(url)
        if url not in self.names:
            return url
        with self.lock:
            self.hanging += 1
            self.most = max(self.most, self.hanging)
        self.release.wait(10)
        with self.lock:
            self.hanging -= 1
        raise http_client.PeerError("timeout", "No answer.")


def pull_past(hanging, urls, known=(), **options):
    """Keys in the order of their results; those that hang end when all others came."""
    healthy = len(urls) - len(hanging.names)
    with puller.Puller(hanging.post, patience=0.01, **options) as pull:
        for key, url in enumerate(urls):
            pull.submit(key, url, {}, slow=url in known)
        keys = []
        for result in pull.results():
            keys.append(result.key)
            if sum(urls[key] not in hanging.names for key in keys) == healthy:
                hanging.release.set()
    return keys


def test_peers_that_hang_for_the_first_time_delay_no_other():
    """M-PULL M-PERF: 50 of 200 hang, mixed with the others: all 150 are stored before
    one of them has ended."""
    urls = [f"{'bad' if n % 4 == 0 else 'good'}{n}" for n in range(200)]
    hanging = Hanging(*(url for url in urls if url.startswith("bad")))
    # They exceed the slow places: two of them keep one of the sixteen others.
    keys = pull_past(hanging, urls)
    assert sorted(keys) == list(range(200))
    assert all(urls[key].startswith("good") for key in keys[:150])


def test_peers_known_to_hang_take_no_place_of_others():
    """M-PULL M-PERF: in the next round they begin in the slow places, at most."""
    urls = [f"bad{n}" for n in range(50)] + [f"good{n}" for n in range(150)]
    hanging = Hanging(*urls[:50])
    keys = pull_past(hanging, urls, known=urls[:50], threads=2, slow_threads=4)
    assert all(urls[key].startswith("good") for key in keys[:150])
    assert hanging.most == 4


def test_results_of_slow_peers_come_after_the_others():
    """M-PERF: what there is to note of many failures delays no records."""
    gauge = Gauge()
    with puller.Puller(gauge.post, 4, 4) as pull:
        for key in range(8):
            pull.submit(key, f"{key}", {}, slow=key < 4)
        timer = threading.Timer(0.05, gauge.release.set)
        timer.start()
        results = pull.results()
        keys = [next(results).key]
        time.sleep(0.05)  # all of them are there by now
        keys += [one.key for one in results]
        timer.join()
    assert keys[1:4] == sorted(keys[1:4]) and set(keys[1:4]) <= {4, 5, 6, 7}


def test_when_all_hang_all_places_are_used():
    """M-PULL M-PERF: 200 × two tries of 5 s in 16 + 48 places: about 40 s."""
    urls = [f"bad{n}" for n in range(20)]
    hanging = Hanging(*urls)
    with puller.Puller(hanging.post, 4, 8, patience=0.01) as pull:
        for key, url in enumerate(urls):
            pull.submit(key, url, {})
        timer = threading.Timer(0.5, hanging.release.set)
        timer.start()
        assert len(list(pull.results())) == 20
        timer.join()
    assert hanging.most == 12


def test_answer_that_waits_to_be_stored_keeps_its_place(monkeypatch):
    """M-PERF: however long storing takes, no more answers are in memory."""
    clock = types.SimpleNamespace(time=time.time, monotonic=lambda: clock.now, now=0.0)
    monkeypatch.setattr(puller, "time", clock)
    gauge = Gauge()
    gauge.release.set()
    with puller.Puller(gauge.post, 2, 50) as pull:
        for key in range(6):
            pull.submit(key, f"{key}", {})
        for stored, _result in enumerate(pull.results(), 1):
            time.sleep(0.02)  # the other one has answered by now
            clock.now += 60
            assert len(gauge.started) <= stored + 1
    assert len(gauge.started) == 6


# === DIGEST === #


def test_answer_is_digested_in_the_thread_that_fetched_it():
    """M-PERF: decoding and sealing do not wait for the database, nor it for them; one
    at a time, since they would only take turns at the interpreter."""
    names, under_way = [], []

    def digest(answer):
        under_way.append(1)
        assert len(under_way) == 1
        time.sleep(0.002)
        names.append(threading.current_thread().name)
        under_way.pop()
        return answer * 2

    with puller.Puller(lambda url, _payload: url) as pull:
        for key in range(8):
            pull.submit(key, f"{key}", {}, digest=digest)
        results = {one.key: one for one in pull.results()}
    assert all(one.digest == one.answer * 2 for one in results.values())
    assert all(name.startswith("recall-pull") for name in names)


def test_answers_are_digested_far_ahead_of_who_stores():
    """X-ATTACK: many peers that send as much as they may do not fill the memory."""
    digested = []

    def digest(_answer):
        digested.append(1)

    with puller.Puller(lambda _url, _payload: b"answer") as pull:
        for key in range(20):
            pull.submit(key, "a", {}, digest=digest)
        results = pull.results()
        first = next(results)
        time.sleep(0.2)
        assert len(digested) <= 4
        keys = {first.key, *(result.key for result in results)}
    assert (keys, len(digested)) == (set(range(20)), 20)


def test_leaving_early_waits_for_digests_without_end():
    with puller.Puller(lambda _url, _payload: b"answer") as pull:
        for key in range(20):
            pull.submit(key, "a", {}, digest=lambda answer: answer)
        next(pull.results())


def test_digest_that_fails_belongs_to_its_request():
    """X-FAULT: the answer is there all the same, to be kept as evidence."""
    with puller.Puller(lambda url, _payload: url) as pull:
        pull.submit(1, "a", {}, digest=lambda _answer: 1 / 0)
        pull.submit(2, "b", {}, digest=len)
        results = {one.key: one for one in pull.results()}
    assert isinstance(results[1].error, ZeroDivisionError)
    assert results[1].answer == "a" and results[1].digest is None
    assert results[2].error is None and results[2].digest == 1


def test_nothing_is_digested_where_nothing_came():
    """X-FAULT: neither for a request that failed nor for one that was not made."""

    def post(_url, _payload):
        raise http_client.PeerError("reset", "Broken.")

    with puller.Puller(post) as pull:
        pull.submit(1, "a", {}, digest=lambda _answer: pytest.fail("digested"))
        error = http_client.PeerError("token", "It cannot be opened.")
        pull.submit(2, "b", {}, error, digest=lambda _answer: pytest.fail("digested"))
        codes = {one.key: one.error.code for one in pull.results()}
    assert codes == {1: "reset", 2: "token"}


def test_requests_without_a_place_are_taken_back():
    """M-PULL: a run whose time is over leaves the others to the next one."""
    gauge = Gauge()
    gauge.release.set()
    with puller.Puller(gauge.post, 2, 1) as pull:
        for key in range(6):
            pull.submit(key, f"{key}", {}, slow=key == 5)
        results = pull.results()
        first = next(results).key
        assert pull.waiting == 3 and pull.pending == 5
        back = pull.withdraw()
        rest = [one.key for one in results]
    assert sorted([first, *back, *rest]) == list(range(6))
    assert len(back) == 3 and pull.pending == 0


def test_turns_of_threads_are_as_before_afterwards():
    """M-PERF: nothing of the process stays changed, also after a failure."""
    before = sys.getswitchinterval()
    with pytest.raises(KeyError):
        with puller.Puller(lambda *_: None):
            assert sys.getswitchinterval() < before
            raise KeyError
    assert sys.getswitchinterval() == before


# === WITH THE CLIENT === #


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def peer_post(authority, monkeypatch):
    """What the scheduled action asks with: its own function, without Odoo."""
    path = MANAGEMENT / "models" / "recall_enterprise_pull.py"
    [function] = [
        node
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name == "_peer_post"
    ]
    names = {"functools": functools, "os": os, "http_client": http_client}
    exec(compile(ast.Module([function], []), str(path), "exec"), names)
    monkeypatch.setenv("RECALL_CA_FILE", authority.ca_file)
    monkeypatch.setenv("RECALL_PEER_NETWORKS", "127.0.0.0/8, ::1/128")
    return names["_peer_post"]


def test_terminals_are_asked_with_the_deadline_client(peer_post):
    """M-PULL X-TLS: one total deadline, one more try, TLS verified."""
    post = peer_post()
    assert post.func is http_client.fetch
    assert set(post.keywords) == {"ca_file", "networks"}


def test_each_terminal_is_served_or_fails_by_itself(peer_post, authority):
    """M-PULL X-FAULT: good, dripping, silent and absent terminals in one run, which
    takes as long as two tries of the slowest."""
    deadline = 0.5
    post = functools.partial(peer_post(), deadline=deadline)
    context = authority.context()
    with (
        fault_server(answer(GOOD), context) as good,
        fault_server(drip(GOOD), context) as dripping,
        fault_server(black_hole, context) as silent,
        refused_port() as port,
    ):
        urls = [good.url, dripping.url, silent.url, f"https://localhost:{port}/"] * 2
        start = time.monotonic()
        results = gather(post, enumerate(urls))
        seconds = time.monotonic() - start
    codes = {one.key: one.error and one.error.code for one in results}
    assert codes == dict(enumerate([None, "timeout", "timeout", "connect"] * 2))
    attempts = {one.error.attempts for one in results if one.error}
    assert attempts == {2}
    assert 2 * deadline - 0.1 < seconds < 2 * deadline + 2
    assert len(good.calls) == 2 and len(silent.calls) == 4


def test_settings_of_the_environment_reach_the_connection(
    peer_post, authority, monkeypatch
):
    """X-TLS X-ATTACK: without them private addresses and unknown authorities are
    refused."""
    with fault_server(answer(GOOD), authority.context()) as server:
        assert peer_post()(server.url, {}).status == 200
        for name, code in (
            ("RECALL_CA_FILE", "tls"),
            ("RECALL_PEER_NETWORKS", "address"),
        ):
            with monkeypatch.context() as changed:
                changed.delenv(name)
                with pytest.raises(http_client.PeerError) as caught:
                    peer_post()(server.url, {})
            assert caught.value.code == code
    assert len(server.calls) == 1
