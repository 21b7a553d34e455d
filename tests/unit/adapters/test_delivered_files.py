"""Files of a delivery from loose files, folders and archives."""

import gzip
import hashlib
import io
import tarfile
import tempfile
import zipfile

import pytest

from prometheus.adapters import archives
from prometheus.adapters.delivered_files import delivered_files
from prometheus.kernel.errors import InputFileError

TABLE = b"date,close\n2018-02-05,10\n"


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def tarred(path, members, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def names(*paths, **wanted):
    return [file.name for file in delivered_files(paths, **wanted)]


def test_a_file_comes_with_its_digest_and_size_and_opens_twice(tmp_path):
    path = tmp_path / "AAA.csv"
    path.write_bytes(TABLE)
    (file,) = delivered_files([path])
    assert (file.name, file.member, file.suffix, file.origin) == ("AAA.csv", "AAA.csv", ".csv", path)
    assert (file.sha256, file.size) == (hashlib.sha256(TABLE).hexdigest(), len(TABLE))
    for _ in range(2):
        with file.open() as stream:
            assert stream.read() == TABLE
            assert stream.seek(0) == 0


def test_a_folder_gives_its_files_by_name_to_any_depth_and_no_hidden_ones(tmp_path):
    for name in ("b.csv", "a/z.csv", ".hidden.csv", ".git/x.csv", "__MACOSX/y.csv", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(TABLE)
    assert names(tmp_path, suffixes=(".csv",)) == ["a/z.csv", "b.csv"]
    assert names(tmp_path) == ["a/z.csv", "b.csv", "notes.txt"]


@pytest.mark.parametrize(
    ("name", "pack"), [("a.zip", zipped), ("a.tar.gz", tarred), ("a.tgz", tarred), ("a.tar", tarred)]
)
def test_members_are_named_without_the_folders_around_all_of_them(tmp_path, name, pack):
    members = {"five/years/B.csv": TABLE, "five/years/x/A.CSV": TABLE + b"\n", "five/read.me": b"-"}
    path = pack(tmp_path / name, members, **({"mode": "w"} if name == "a.tar" else {}))
    found = list(delivered_files([path], suffixes=(".csv",)))
    assert [file.name for file in found] == [f"{name}!B.csv", f"{name}!x/A.CSV"]
    assert [file.member for file in found] == ["B.csv", "A.CSV"]
    assert found[0].open().read() == TABLE
    assert {file.origin for file in found} == {path}


def test_a_gz_is_the_file_in_it_alone_and_within_a_zip(tmp_path):
    path = tmp_path / "AAA.csv.gz"
    path.write_bytes(gzip.compress(TABLE))
    (file,) = delivered_files([path], suffixes=(".csv",))
    assert (file.name, file.member, file.suffix) == ("AAA.csv.gz", "AAA.csv", ".csv")
    outer = zipped(tmp_path / "all.zip", {"one/AAA.csv.gz": gzip.compress(TABLE)})
    (file,) = delivered_files([outer], suffixes=(".csv",))
    assert (file.name, file.member, file.open().read()) == ("all.zip!AAA.csv.gz", "AAA.csv", TABLE)


def test_archives_in_archives_are_opened_to_a_depth(tmp_path):
    inner = zipped(tmp_path / "i.zip", {"A.csv": TABLE})
    outer = zipped(tmp_path / "o.zip", {"in/i.zip": inner.read_bytes()})
    assert names(outer) == ["o.zip!i.zip!A.csv"]
    third = zipped(tmp_path / "t.zip", {"o.zip": outer.read_bytes()})
    fourth = zipped(tmp_path / "f.zip", {"t.zip": third.read_bytes()})
    with pytest.raises(InputFileError, match=r"f\.zip!t\.zip!o\.zip!i\.zip: archives in archives"):
        names(fourth)


def test_two_files_of_one_name_are_told_apart(tmp_path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "A.csv").write_bytes(TABLE)
    one, two = tmp_path / "x" / "A.csv", tmp_path / "y" / "A.csv"
    assert names(one, two, two) == ["A.csv", "y/A.csv", "y/A.csv (2)"]


@pytest.mark.parametrize("is_kept", [False, True])
def test_what_is_broken_is_named_with_a_remedy_and_the_others_follow(tmp_path, is_kept):
    whole = zipped(tmp_path / "good.zip", {"A.csv": TABLE, "EMPTY.csv": b""})
    (tmp_path / "cut.zip").write_bytes(whole.read_bytes()[:-30])
    packed = tarred(tmp_path / "t.tar.gz", {"B.csv": TABLE * 50}).read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "t.tar.gz").unlink()
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(TABLE)[:-4])
    (tmp_path / "none.csv").write_bytes(b"")
    missing = tmp_path / "missing.csv"
    if not is_kept:
        for path in (tmp_path / "cut.zip", tmp_path / "cut.tar.gz", tmp_path / "cut.csv.gz", missing):
            with pytest.raises(InputFileError, match=path.name) as caught:
                names(path)
            assert caught.value.remedy
        return
    faults = []
    assert names(tmp_path, missing, suffixes=(".csv",), faults=faults) == ["good.zip!A.csv"]
    assert [fault.name for fault in faults] == [
        "cut.csv.gz", "cut.tar.gz", "cut.zip", "good.zip!EMPTY.csv", "none.csv", "missing.csv",
    ]  # fmt: skip
    assert all(fault.error.remedy for fault in faults)


def test_a_member_whose_bytes_were_changed_is_refused_by_its_checksum(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:  # stored, so that the change is not seen any earlier
        archive.writestr("A.csv", TABLE)
        archive.writestr("B.csv", TABLE)
    path.write_bytes(path.read_bytes().replace(b"05,10", b"05,99", 1))
    faults = []
    assert names(path, faults=faults) == ["a.zip!B.csv"]
    assert "a.zip!A.csv is damaged" in str(faults[0].error)


def test_an_archive_without_a_table_and_a_name_that_is_none_are_errors(tmp_path):
    path = zipped(tmp_path / "a.zip", {"read.me": b"-"})
    with pytest.raises(InputFileError, match=r"a\.zip holds no \.csv or \.txt file"):
        names(path, suffixes=(".csv", ".txt"))
    (tmp_path / "A.csv").write_bytes(TABLE)
    with pytest.raises(InputFileError, match=r"expected a name that ends in \.txt"):
        names(tmp_path / "A.csv", suffixes=(".txt",))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputFileError, match="empty holds no readable file"):
        names(tmp_path / "empty")


def test_a_bomb_is_refused_before_it_fills_anything(tmp_path):
    path = zipped(tmp_path / "bomb.zip", {"A.csv": bytes(archives.IN_MEMORY + (8 << 20))})
    assert path.stat().st_size * archives.MAX_RATIO < archives.IN_MEMORY
    with pytest.raises(InputFileError, match=r"bomb\.zip unpacks to more than 200 times its size"):
        names(path)


def test_a_large_member_waits_in_a_temporary_file_that_goes_with_it(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "waiting"))
    (tmp_path / "waiting").mkdir()
    data = (b"2018-02-05,%d\n" * 3_000) % tuple(range(3_000))
    path = tarred(tmp_path / "a.tar", {"A.csv": data * (archives.IN_MEMORY // len(data) + 2)}, mode="w")
    (file,) = delivered_files([path])
    assert len(list((tmp_path / "waiting").iterdir())) == 1
    with file.open() as stream:
        assert stream.read(14) == b"2018-02-05,0\n2"
    del file
    assert list((tmp_path / "waiting").iterdir()) == []


@pytest.mark.parametrize("name", ["../../evil.csv", "a/../../evil.csv", "..\\evil.csv"])
def test_a_name_that_leads_out_of_its_archive_is_refused(tmp_path, name):
    with pytest.raises(InputFileError, match="leads out of it"):
        names(zipped(tmp_path / "a.zip", {name: TABLE}))


def test_an_absolute_name_is_only_a_name_and_a_link_is_refused(tmp_path):
    assert names(tarred(tmp_path / "a.tar.gz", {"/etc/A.csv": TABLE})) == ["a.tar.gz!A.csv"]
    with tarfile.open(tmp_path / "l.tar.gz", "w:gz") as archive:
        link = tarfile.TarInfo("A.csv")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(InputFileError, match=r"holds 'A\.csv', which is no file"):
        names(tmp_path / "l.tar.gz")
