"""nbgrader's own commands and the formgrader, with our executor and redaction."""

from autograder.nbgrader import configure

c = get_config()  # noqa: F821 - given by nbgrader
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".pytest_cache", "*.py", ".autograder"]
configure(c)
