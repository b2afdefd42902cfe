"""Runs in S3, on moto, spoken to by the real boto3."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pgtenant.audit.runs import runs_of
from pgtenant.audit.s3 import Bucket, S3Sink, parse_bucket
from pgtenant.audit.verify import verify
from pgtenant.audit.wire import to_lines
from pgtenant.errors import AuditError, SettingsError
from support.moto import Moto

from .conftest import Files
from .test_audit_commands import audit


@pytest.fixture
def bucket(moto_server: Moto, monkeypatch: pytest.MonkeyPatch) -> Any:
    import boto3

    for name, value in moto_server.env.items():
        monkeypatch.setenv(name, value)
    client: Any = boto3.client("s3")
    client.create_bucket(
        Bucket="trail", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
    )
    yield client
    client.close()


def objects(client: Any) -> dict[str, bytes]:
    found = client.list_objects_v2(Bucket="trail").get("Contents", [])
    keys = [one["Key"] for one in found]
    return {key: client.get_object(Bucket="trail", Key=key)["Body"].read() for key in keys}


def test_one_object_for_each_run_and_never_another_one(files: Files, bucket: Any) -> None:
    sink = S3Sink(Bucket("trail", "audit/rds"))
    for name in ("a", "b"):
        files.run(name)
    found_runs = runs_of(verify(files.journal.read_bytes()).links).values()
    runs = {own[0].text("run_id"): own for own in found_runs}
    assert sink.put("dev", "a", runs["a"]) is True
    assert sink.put("dev", "b", runs["b"]) is True
    assert sink.put("dev", "a", runs["a"]) is False  # there already, as it is
    with pytest.raises(AuditError, match="holds something else") as caught:
        sink.put("dev", "a", runs["b"])
    assert "--run-id" in caught.value.hint
    found = objects(bucket)
    assert list(found) == ["audit/rds/dev/a.jsonl", "audit/rds/dev/b.jsonl"]
    assert b"".join(found.values()) == files.journal.read_bytes()


def test_a_collected_run_is_there_as_the_job_has_put_it(
    files: Files, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Files(tmp_path / "job")
    files.run("here")
    job.run("a")
    links = verify(job.journal.read_bytes()).links
    S3Sink(Bucket("trail", "")).put("dev", "a", links)
    monkeypatch.chdir(files.root)
    Path("job.log").write_text("\n".join(line for link in links for line in to_lines(link)))
    assert audit("collect", "-e", "dev", "job.log")[0] == 0
    code, out, err = audit("upload", "-e", "dev", "--to", "s3://trail")
    assert (code, out) == (0, "here: uploaded\na: is there already\n"), err
    assert objects(bucket)["dev/a.jsonl"] == job.journal.read_bytes()


def test_an_object_is_a_published_head(files: Files, bucket: Any) -> None:
    files.run("a")
    links = verify(files.journal.read_bytes()).links
    S3Sink(Bucket("trail", "")).put("dev", "a", links)
    kept = files.root / "a.jsonl"
    kept.write_bytes(objects(bucket)["dev/a.jsonl"])
    assert audit("verify", files.journal, "--head-file", kept)[0] == 0
    files.journal.write_bytes(links[0].line)
    code, out, _ = audit("verify", files.journal, "--head-file", kept)
    assert code == 1
    assert "seq 2: truncated" in out


def test_upload_afterwards(files: Files, bucket: Any) -> None:
    files.run("a")
    files.run("b")
    (files.root / "pgtenant.toml").write_text('[project]\naudit_s3 = "s3://trail/x"\n')
    source = ["-e", "dev", "--project", str(files.root)]
    code, out, _ = audit("upload", *source, "--run-id", "b")
    assert (code, out) == (0, "b: uploaded\n")
    cut = files.journal.read_bytes().splitlines(keepends=True)
    files.journal.write_bytes(b"".join(cut[:-1]))  # b has no end, as if it had been killed
    code, out, _ = audit("upload", *source)
    assert code == 0
    assert "a: uploaded" in out
    assert "b: left out, it has no end" in out
    files.journal.write_bytes(b"".join(cut))
    code, out, _ = audit("upload", *source)
    assert (code, out) == (0, "a: is there already\nb: is there already\n")
    assert list(objects(bucket)) == ["x/dev/a.jsonl", "x/dev/b.jsonl"]
    assert audit("upload", *source, "--run-id", "none")[0] == 64


@pytest.mark.usefixtures("bucket")
def test_what_can_not_be_put(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    files.run("a")
    links = verify(files.journal.read_bytes()).links
    with pytest.raises(AuditError, match=r"s3://gone/dev/a.jsonl can't be written") as caught:
        S3Sink(Bucket("gone", "")).put("dev", "a", links)
    assert "NoSuchBucket" in caught.value.message
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    code, out, err = audit("upload", files.journal, "--to", "s3://trail")
    assert (code, out) == (1, "")
    assert "can't be written" in err


def test_keys_hold_what_a_run_id_may_be() -> None:
    bucket = Bucket("trail", "p")
    assert bucket.key("dev", "17-1-ab") == "p/dev/17-1-ab.jsonl"
    assert bucket.key("dev", "../../x y\0") == "p/dev/..%2F..%2Fx%20y%00.jsonl"
    assert parse_bucket("s3://my.bucket-1/a/b/") == Bucket("my.bucket-1", "a/b")
    assert parse_bucket("s3://abc") == Bucket("abc", "")
    for url in ("s3://", "s3://A", "https://abc", "abc", "s3://ab_c/x", ""):
        with pytest.raises(SettingsError):
            parse_bucket(url)
