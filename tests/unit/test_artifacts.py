"""Artifacts are named after their content and refuse to be anything else."""

import hashlib

import pytest

from prometheus.kernel.errors import ArtifactError, ConfigError
from prometheus.store.artifacts import Artifacts

CONTENT = b"correlations of 2024-06-28"
URI = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "artifacts"


@pytest.fixture
def artifacts(folder):
    return Artifacts(f"file://{folder}")


def test_what_was_put_is_got_under_the_name_of_its_content(artifacts):
    assert artifacts.put(CONTENT) == URI
    assert artifacts.get(URI) == CONTENT
    assert artifacts.has(URI)


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 100_000])
def test_any_bytes_come_back(artifacts, content):
    assert artifacts.get(artifacts.put(content)) == content


def test_putting_again_writes_nothing(artifacts, folder):
    artifacts.put(CONTENT)
    (before,) = [path for path in folder.rglob("*") if path.is_file()]
    written = before.stat().st_mtime_ns
    assert artifacts.put(CONTENT) == URI
    assert [path for path in folder.rglob("*") if path.is_file()] == [before]
    assert before.stat().st_mtime_ns == written


def test_half_a_file_is_healed_by_putting_again(artifacts, folder):
    artifacts.put(CONTENT)
    (path,) = [path for path in folder.rglob("*") if path.is_file()]
    path.write_bytes(CONTENT[:5])
    artifacts.put(CONTENT)
    assert artifacts.get(URI) == CONTENT


def test_a_changed_file_is_refused(artifacts, folder):
    artifacts.put(CONTENT)
    (path,) = [path for path in folder.rglob("*") if path.is_file()]
    path.write_bytes(CONTENT[::-1])
    with pytest.raises(ArtifactError, match="another content"):
        artifacts.get(URI)


def test_a_missing_artifact_is_named(artifacts):
    assert not artifacts.has(URI)
    with pytest.raises(ArtifactError, match=URI):
        artifacts.get(URI)


@pytest.mark.parametrize("uri", ["", "sha256:12", "md5:" + "0" * 64, "../../etc/passwd", URI.upper()])
def test_what_is_no_name_of_an_artifact_is_refused(artifacts, uri):
    with pytest.raises(ArtifactError, match="expected sha256"):
        artifacts.get(uri)


def test_a_root_that_is_a_file_is_an_artifact_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactError, match="could not be written"):
        Artifacts(f"file://{tmp_path / 'file'}").put(CONTENT)


def test_another_kind_of_store_works_alike():
    artifacts = Artifacts("memory://artifacts")
    assert artifacts.get(artifacts.put(CONTENT)) == CONTENT


def test_an_unknown_kind_of_store_is_a_config_error():
    with pytest.raises(ConfigError, match="nosuch://bucket"):
        Artifacts("nosuch://bucket/artifacts")
