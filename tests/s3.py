"""An S3 on loopback for one test or module, with the environment that leads to it and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def forget_connections() -> None:
    """Make s3fs connect anew: it keeps its connections by their arguments, and to it those of two endpoints named by the environment are the same."""
    import fsspec

    fsspec.get_filesystem_class("s3").clear_instance_cache()


@contextmanager
def run_s3(bucket: str, region: str = "us-east-1") -> Iterator[dict[str, str]]:
    """Serve a bucket, and yield the variables that lead to it. Skips where the project is installed without [aws].

    moto keeps buckets as long as the process lives: in us-east-1 one of the same name is found again as it was left, elsewhere it is refused.
    """
    boto3 = pytest.importorskip("boto3", reason="the project is installed without [aws]")
    pytest.importorskip("s3fs", reason="the project is installed without [aws]")
    server = pytest.importorskip("moto.server", reason="moto is not installed").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    nowhere = str(Path(__file__).with_name("none"))
    variables = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": nowhere,
        "AWS_SHARED_CREDENTIALS_FILE": nowhere,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    key = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": region}
    try:
        boto3.client("s3", endpoint_url=variables["AWS_ENDPOINT_URL"], **key).create_bucket(Bucket=bucket, **place)
        yield variables
    finally:
        server.stop()


@contextmanager
def serve_s3(bucket: str, region: str = "us-east-1") -> Iterator[dict[str, str]]:
    """Serve a bucket as `run_s3` does, with the variables set meanwhile."""
    with run_s3(bucket, region) as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.delenv("AWS_PROFILE", raising=False)
        forget_connections()
        try:
            yield variables
        finally:
            forget_connections()
