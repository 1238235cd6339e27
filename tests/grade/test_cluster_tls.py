"""A scheduler that speaks TLS: with a certificate it grades, without one it does not answer."""

from __future__ import annotations

import datetime
from contextlib import AbstractContextManager
from pathlib import Path

import dask as dask_package
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from autograder.course import Course
from autograder.errors import AutograderError, ConfigurationError
from autograder.grade import cluster, grade_units
from tests.build.small_course import UNIT
from tests.grade.classroom import LIMITS, points, submit
from tests.grade.dask_cluster import dask

pytestmark = pytest.mark.cluster


def certificate(file: Path) -> dict[str, str]:
    """A certificate that vouches for itself, with its key in one file; Dask's settings that use it for everything."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "grading")])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - day).not_valid_after(now + day)
    signed = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(key, hashes.SHA256())
    plain = serialization.NoEncryption()
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(text + signed.public_bytes(serialization.Encoding.PEM))
    ends = {f"{end}.{part}": str(file) for end in ("scheduler", "worker", "client") for part in ("cert", "key")}
    return {"ca-file": str(file), **ends}


def as_configured(tls: dict[str, str]) -> AbstractContextManager[object]:
    return dask_package.config.set({f"distributed.comm.tls.{key}": value for key, value in tls.items()})


def test_a_certificate_opens_the_cluster(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Dask's own settings are used; nobody is warned, and whoever has no certificate is not let in."""
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 2.0)
    submit(course, "ada")
    tls = certificate(tmp_path / "grading.pem")
    named = {
        f"DASK_DISTRIBUTED__COMM__TLS__{k.upper().replace('-', '_').replace('.', '__')}": v for k, v in tls.items()
    }
    with dask(tmp_path / "dask", "--protocol", "tls", **named) as started:
        assert started.address.startswith("tls://")
        started.worker()
        started.joined(1)
        with pytest.raises(ConfigurationError, match="got no certificate in Dask's configuration"):
            grade_units(course, [UNIT], limits=LIMITS, scheduler=started.address)
        with (
            as_configured(certificate(tmp_path / "another.pem")),
            pytest.raises(AutograderError, match="no answer of a"),
        ):
            grade_units(course, [UNIT], limits=LIMITS, scheduler=started.address)
        with as_configured(tls):
            grade_units(course, [UNIT], limits=LIMITS, scheduler=started.address)
    assert points(course) == {"ada": 90.0}
    assert "encryption" not in capsys.readouterr().err
