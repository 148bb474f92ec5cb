"""Whom TLS trusts, by the CA file of a profile or of the command line."""

from pathlib import Path

import pytest
import trustme

from helios_desktop.client.address import Address
from helios_desktop.monitor.trust import TrustError, trust

ENCRYPTED = Address("https", "raft.example.com", 8443)
PLAIN = Address("http", "localhost", 8080)


def test_its_certificates_are_trusted_instead_of_the_system_s(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(authority))
    context = trust([ENCRYPTED], authority)
    assert context is not None
    assert len(context.get_ca_certs()) == 1
    assert context.check_hostname


def test_without_one_the_system_decides() -> None:
    assert trust([ENCRYPTED], None) is None


def test_it_is_not_read_where_nothing_is_encrypted(tmp_path: Path) -> None:
    assert trust([PLAIN], tmp_path / "absent.pem") is None


def test_one_encrypted_gateway_among_others_is_enough_to_need_it(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(authority))
    assert trust([PLAIN, ENCRYPTED], authority) is not None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file or directory"),
        ("", "holds no certificates"),
        ("no certificate", "holds no certificates"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds no certificates"),
    ],
)
def test_one_that_is_none_is_a_sentence_with_its_path(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(TrustError) as caught:
        trust([ENCRYPTED], path)
    assert str(caught.value).startswith(f"{path} {said}")


def test_a_folder_is_no_ca_file(tmp_path: Path) -> None:
    with pytest.raises(TrustError) as caught:
        trust([ENCRYPTED], tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_path_that_no_file_can_have_is_a_sentence_too() -> None:
    with pytest.raises(TrustError):
        trust([ENCRYPTED], Path("ca\0.pem"))
