"""What the course's `nbgrader_config.py` says about its gradebook."""

from __future__ import annotations

from dataclasses import dataclass, field

from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder.course import Course
from autograder.errors import ConfigurationError

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """nbgrader's own settings that decide what is recorded."""

    config: Config = field(default_factory=Config)

    @classmethod
    def of(cls, course: Course) -> Settings:
        """The settings of `nbgrader_config.py` beside the course; `work` has the last word."""
        config = Config()
        for folder in dict.fromkeys((course.home, course.work)):
            if (folder / "nbgrader_config.py").is_file():
                try:
                    config.merge(PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config())
                except Exception as fault:
                    raise ConfigurationError(f"{folder / 'nbgrader_config.py'}: cannot be read: {fault}") from fault
        return cls(config)

    @property
    def course_id(self) -> str:
        return str(CourseDirectory(config=self.config).course_id)

    @property
    def ignore(self) -> list[str]:
        """File name patterns that nbgrader leaves behind when it copies."""
        return list(CourseDirectory(config=self.config).ignore)

    def late_penalty(self, student: str, score: float, seconds_late: float) -> float | None:
        """What the course's late plugin takes away, kept within [0, score]; None for nothing."""
        preprocessor = AssignLatePenalties(config=self.config)
        preprocessor.init_plugin()
        penalty = preprocessor.plugin_inst.late_submission_penalty(student, score, seconds_late)
        return None if penalty is None else min(max(float(penalty), 0.0), score)
