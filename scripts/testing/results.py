# SPDX-License-Identifier: LGPL-3.0-only
"""What a kind of test gave, and how it is printed."""

from dataclasses import dataclass, field


@dataclass
class Result:
    """Counts of one kind; `problems` are lines to show at the end."""

    kind: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    def fail(self, problem: str) -> None:
        """Count one failure that is no test's own, and say which."""
        self.failed += 1
        self.problems.append(problem)


def table(results: list[Result]) -> str:
    """The counts by kind as an aligned table."""
    lines = [f"{'kind':<8}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}"]
    lines += [
        f"{r.kind:<8}{r.passed:>8}{r.failed:>8}{r.skipped:>9}{r.seconds:>9.1f}"
        for r in results
    ]
    return "\n".join(lines)


def closing_line(results: list[Result]) -> str:
    """`N passed, N failed, N skipped` over all kinds."""
    passed = sum(result.passed for result in results)
    failed = sum(result.failed for result in results)
    skipped = sum(result.skipped for result in results)
    return f"{passed} passed, {failed} failed, {skipped} skipped"
