"""Settings that put our preprocessors into nbgrader's pipelines."""

from __future__ import annotations

from typing import Any

from nbgrader.preprocessors import CheckCellMetadata, ClearOutput
from nbgrader.validator import Validator

from autograder.nbgrader.execute import Execute

__all__ = ["configure", "validate_by_ours"]

SANITIZE = (
    "autograder.nbgrader.Rebuild",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.DeduplicateIds",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
)
AUTOGRADE = (
    "autograder.nbgrader.Execute",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
)
FEEDBACK = (
    "nbgrader.preprocessors.GetGrades",
    "autograder.nbgrader.Redact",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
)


def configure(c: Any) -> None:
    """Let nbgrader's commands and the formgrader grade, validate and give feedback by our means.

    Args:
        c: the configuration object of an `nbgrader_config.py`.
    """
    c.Autograde.sanitize_preprocessors = list(SANITIZE)
    c.Autograde.autograde_preprocessors = list(AUTOGRADE)
    c.GenerateFeedback.preprocessors = list(FEEDBACK)
    c.HTMLExporter.filters.update({"markdown2html": "autograder.nbgrader.markdown.safe_markdown"})
    validate_by_ours()


def validate_by_ours() -> None:
    """Replace the default of `Validator.preprocessors`, which nbgrader 0.9 does not let anyone configure."""
    Validator.preprocessors.default_args = ([CheckCellMetadata, ClearOutput, Execute],)
