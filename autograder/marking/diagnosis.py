"""Which known mistake behaves like the student's code?"""

from __future__ import annotations

from collections.abc import Mapping

from autograder.key import Key, Part, Variant
from autograder.marking.parts import Run, run_trusted
from autograder.marking.relations import relation
from autograder.marking.transcript import agree
from autograder.results import Verdict

__all__ = ["diagnose"]

EXPLAINED = (Verdict.FAIL, Verdict.CRASH)


def diagnose(key: Key, runs: Mapping[str, Run], secret: bytes) -> str:
    """The sentence of the rejected answers that leave the student's transcripts in every part that failed.

    None is said when they have two different sentences. Without a match, how the first wrong result relates to the
    reference's; "" when nothing is certain.
    """
    failed = [p for p in key.parts if runs[p.name].verdict in EXPLAINED and runs[p.name].transcript.events]
    if not failed:
        return ""
    sentences = {v.sentence for v in key.rejected if _matches(key, v, failed, runs, secret)}
    if sentences:
        return sentences.pop() if len(sentences) == 1 else ""
    return relation((runs[p.name].transcript, run_trusted(key, p, None, secret).transcript) for p in failed)


def _matches(key: Key, variant: Variant, failed: list[Part], runs: Mapping[str, Run], secret: bytes) -> bool:
    passed = {name for name, run in runs.items() if run.verdict is Verdict.PASS}
    if variant.fails & passed:
        return False
    for part in failed:
        trusted = run_trusted(key, part, variant, secret)
        if trusted.verdict not in EXPLAINED or not agree(trusted.transcript, runs[part.name].transcript):
            return False
    return True
