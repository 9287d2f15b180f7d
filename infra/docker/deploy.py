"""Puts an image into a running service and waits until it answers for it: `python infra/docker/deploy.py --service ARN --image REPOSITORY@sha256:DIGEST`.

The service, ECS Express Mode's or App Runner's, was made by Terraform, which leaves the image alone; everything else of it stays. Prints what ran
before, so that it can be put back. Needs boto3 only.
"""

from __future__ import annotations

import argparse
import copy
import json
import re
import sys
import time
from typing import Any

_PINNED = re.compile(r"[^@\s]+@sha256:[0-9a-f]{64}")
_PAUSE = 10.0
_QUIET_POLLS = 3  # how often nothing may be under way before a deployment counts as taken back
_GRACE = 120.0  # seconds a deployment may take to show, before its not being there says anything


class DeployError(Exception):
    """Why the image doesn't run."""


class ExpressService:
    """A service of ECS Express Mode, which moves traffic bit by bit and takes it back by itself if answers fail."""

    def __init__(self, client: Any, arn: str) -> None:
        self._client, self._arn = client, arn

    def _describe(self) -> Any:
        return self._client.describe_express_gateway_service(serviceArn=self._arn)["service"]

    def update(self, image: str) -> str:
        """Start the deployment, unless this image is there already, and return the image before."""
        before: dict[str, Any] = self._describe()["activeConfigurations"][-1]["primaryContainer"]
        if before["image"] != image:
            self._client.update_express_gateway_service(serviceArn=self._arn, primaryContainer={**before, "image": image})
        return str(before["image"])

    def find_state(self, image: str) -> tuple[bool, bool]:
        """Return whether a deployment is under way, and whether only this image runs."""
        service = self._describe()
        running = {one["primaryContainer"]["image"] for one in service["activeConfigurations"]}
        return bool(service.get("currentDeployment")), running == {image}


class RunnerService:
    """A service of App Runner."""

    def __init__(self, client: Any, arn: str) -> None:
        self._client, self._arn = client, arn

    def _describe(self) -> Any:
        return self._client.describe_service(ServiceArn=self._arn)["Service"]

    def update(self, image: str) -> str:
        """Start the deployment, unless this image is there already, and return the image before."""
        source = copy.deepcopy(self._describe()["SourceConfiguration"])
        before = str(source["ImageRepository"]["ImageIdentifier"])
        if before != image:
            source["ImageRepository"]["ImageIdentifier"] = image
            self._client.update_service(ServiceArn=self._arn, SourceConfiguration=source)
        return before

    def find_state(self, image: str) -> tuple[bool, bool]:
        """Return whether a deployment is under way, and whether this image runs."""
        service = self._describe()
        return service["Status"] == "OPERATION_IN_PROGRESS", service["SourceConfiguration"]["ImageRepository"]["ImageIdentifier"] == image


def deploy(service: ExpressService | RunnerService, image: str, seconds: float, pause: float = _PAUSE, grace: float = _GRACE) -> str:
    """Put an image into a service; returns the image that ran before.

    Right after the request the service may still say, or say already, that all is done: that counts only once a deployment was seen, or after the grace.

    Raises:
        DeployError: If the image doesn't run after that time, or was taken back.
    """
    before = service.update(image)
    started, quiet, seen = time.monotonic(), 0, before == image
    while True:
        under_way, runs = service.find_state(image)
        waited = time.monotonic() - started
        seen = seen or under_way or waited >= grace
        if runs and seen and not under_way:
            return before
        quiet = quiet + 1 if seen and not under_way else 0
        if quiet >= _QUIET_POLLS:
            raise DeployError(f"{image} was taken back: {before} runs; the service's events and logs say why")
        if waited > seconds:
            raise DeployError(f"{image} doesn't run after {seconds:g} s; the service's events and logs say why")
        time.sleep(pause)


def open_service(arn: str) -> ExpressService | RunnerService:
    """Return the service an ARN names.

    Raises:
        DeployError: If it names none.
    """
    import boto3

    kinds = {"ecs": ExpressService, "apprunner": RunnerService}
    parts = arn.split(":")
    if len(parts) != 6 or parts[0] != "arn" or parts[2] not in kinds:
        raise DeployError(f"{arn} names no service of ECS or App Runner: give the output service.arn of Terraform")
    return kinds[parts[2]](boto3.client(parts[2], region_name=parts[3]), arn)


def main(argv: list[str] | None = None) -> int:
    """Deploy; returns the exit code."""
    parser = argparse.ArgumentParser(prog="deploy.py", description=__doc__.splitlines()[0])
    parser.add_argument("--service", required=True, metavar="ARN")
    parser.add_argument("--image", required=True, help="by digest, so that what was checked is what runs")
    parser.add_argument("--seconds", type=float, default=1500, help="how long it may take")
    arguments = parser.parse_args(argv)
    if not _PINNED.fullmatch(arguments.image):
        parser.error(f"{arguments.image} isn't REPOSITORY@sha256:DIGEST")
    try:
        before = deploy(open_service(arguments.service), arguments.image, arguments.seconds)
    except DeployError as error:
        print(f"deploy.py: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"service": arguments.service, "image": arguments.image, "before": before}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
