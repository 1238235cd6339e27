"""A real hub, started as a lecturer starts it."""

from __future__ import annotations

from pathlib import Path

import psutil

from tests.hub.course_hub import CourseHub

AUTOGROUPS = Path("/proc/sys/kernel/sched_autogroup_enabled")


def test_login_page_says_that_nobody_is_isolated(hub: CourseHub) -> None:
    """Who opens the laptop's hub reads, before logging in, that it isolates nobody."""
    status, page = hub.person("lecturer", login=False).get("/hub/login")
    assert status == 200 and "isolates nobody" in page and 'name="password"' in page


def test_wrong_passwords_are_refused(hub: CourseHub) -> None:
    """A wrong password, an empty one, another person's password and an unknown name are refused alike."""
    for name, password in (
        ("student1", "wrong"),
        ("student1", ""),
        ("student1", hub.passwords["student2"]),
        ("nobody", hub.passwords["student1"]),
        ("grader-dlmath", hub.passwords["lecturer"]),
    ):
        person = hub.person(name, login=False)
        status, page = person.login(password)
        assert status == 403 and "Invalid username or password" in page, name
        assert person.get("/hub/home")[0] == 200 and "/hub/login" in person.address


def test_students_reach_their_own_server_only(hub: CourseHub) -> None:
    """A student's server shows the page of the units to the student, and to no other student."""
    one, two = hub.person("student1"), hub.person("student2")
    one.start_server()
    status, units = one.json("GET", "dlmath/api/units")
    assert status == 200 and "unit02_logistic" in str(units), units
    assert two.get("/user/student1/api/status")[0] in (403, 404)
    assert two.get("/services/dlmath/")[0] == 403


def test_pages_come_before_servers(hub: CourseHub) -> None:
    """A student's server leaves the processor to the hub and its proxy, who answer logins, when there is not enough."""
    hub.person("student1").start_server()
    assert hub.process
    tree = psutil.Process(hub.process.pid).children(recursive=True)
    servers = [p for p in tree if "jupyterhub.singleuser" in p.cmdline()]
    pages = [p for p in tree if "jupyterhub" in p.cmdline() or "configurable-http-proxy" in " ".join(p.cmdline())]
    assert servers and len(pages) >= 2
    assert min(p.nice() for p in servers) == min(max(p.nice() for p in pages) + 10, 19)  # 19 is the last
    if AUTOGROUPS.exists() and AUTOGROUPS.read_text().strip() == "1":
        assert all(Path(f"/proc/{p.pid}/autogroup").read_text().endswith("nice 10\n") for p in servers)


def test_lecturers_come_to_the_formgrader(hub: CourseHub) -> None:
    """After the login a lecturer is at the formgrader, which only pages of the hub may show in a frame."""
    lecturer = hub.person("lecturer")
    status, _ = lecturer.get("/hub/")
    assert status == 200 and "/services/dlmath/" in lecturer.address, lecturer.address
    assert lecturer.headers["Content-Security-Policy"].startswith("frame-ancestors 'self'")
    assert "unit02_logistic" in lecturer.get("/services/dlmath/formgrader/api/assignments")[1]
