"""nbgrader's own test suites, run with our executor swapped in."""
