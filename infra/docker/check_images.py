"""Builds an image without a container engine and starts it as a careful host would: `python infra/docker/check_images.py serving --releases FOLDER`.

The image runs as its own user, without any right, on a root file system mounted read-only. As no base image can be fetched without a registry, a Debian with
the same Python stands in for it. Needs root, and Debian's buildah and mmdebstrap; prints sizes and times.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).parent))
import smoke  # noqa: E402

BASE = "docker.io/library/python:3.11-slim-bookworm"
PACKAGES = "python3,python3-pip,python3-venv,ca-certificates"
TOOLS = ("buildah", "mmdebstrap", "setpriv", "unshare")
# Where a machine says from where packages come; that holds in the build, too.
SETTINGS = ("/etc/ssl/certs", "/etc/pip.conf", "/etc/xdg/pip")
TOKEN = "token-of-this-check-0123456789"  # noqa: S105
# Mounts are made in a namespace of their own and end with the process.
ENTER = r"""
set -eu
root=$1 releases=$2; shift 2
mount --bind "$root" "$root"
for place in tmp var/lib/trending; do [ ! -d "$root/$place" ] || mount -t tmpfs -o mode=1777 tmpfs "$root/$place"; done
mount --rbind /dev "$root/dev"
mount --rbind /proc "$root/proc"
if [ -n "$releases" ]; then mount --bind "$releases" "$root/mnt"; mount -o remount,bind,ro "$root/mnt"; fi
mount -o remount,bind,ro "$root"
exec chroot "$root" setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all --pdeathsig TERM \
  env --chdir=/app "$@"
"""


class Builder:
    """buildah with images in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        # Without overlays every layer is a copy of all below it.
        driver = "overlay" if "\toverlay\n" in Path("/proc/filesystems").read_text(encoding="utf-8") else "vfs"
        self._command = ["buildah", "--root", str(folder / "images"), "--runroot", str(folder / "run"), "--storage-driver", driver]

    def ask(self, *arguments: str) -> str:
        """Run buildah and return what it prints."""
        return subprocess.run([*self._command, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

    def make_base(self, folder: Path) -> None:
        """Make the stand-in of the base image."""
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(folder)], check=True)
        container = self.ask("from", "scratch")
        self.ask("add", "--quiet", container, str(folder), "/")
        # The machine's certificates hold in the build, too.
        self.ask("config", *(f"--env={name}=/etc/ssl/certs/ca-certificates.crt" for name in ("PIP_CERT", "SSL_CERT_FILE")), container)
        self.ask("commit", "--quiet", "--rm", container, BASE)
        shutil.rmtree(folder)

    def build(self, kind: str, arguments: list[str]) -> str:
        """Build an image and return its name."""
        mounts = [f"--volume={place}:{place}:ro" for place in (*SETTINGS, os.environ.get("PIP_FIND_LINKS", "")) if place and Path(place).exists()]
        image = f"localhost/trending-{kind}"
        how = ["--isolation", "chroot", "--network", "host", "--format", "docker", "--pull-never"]
        self.ask(
            "build", "--quiet", *how, *mounts, *(f"--build-arg={one}" for one in arguments), "--file", f"infra/docker/{kind}.Dockerfile", "--tag", image, "."
        )
        return image


@contextmanager
def start_inside(root: str, config: dict[str, Any], command: list[str], releases: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run a command in an image's root with its environment, and end it."""
    variables = [*config["Env"], f"TRENDING_MCP_TOKENS={TOKEN}", *(["TRENDING_RELEASES=/mnt"] if releases else [])]
    enter = ["unshare", "--mount", "bash", "-c", ENTER, "bash", root, str(releases or "")]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        process = subprocess.Popen([*enter, "-i", *variables, *command], stdout=subprocess.PIPE, stderr=said, text=True)
        try:
            yield process
        except smoke.SmokeError:
            said.seek(0)
            print(said.read()[-3000:], file=sys.stderr)
            raise
        finally:
            process.terminate()
            process.wait(timeout=20)


def check_serving(root: str, config: dict[str, Any], releases: Path) -> dict[str, float]:
    """Start the service over releases that lie on this machine, and ask every door; returns the seconds until it was ready.

    Raises:
        SmokeError: If it doesn't answer as it should.
    """
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", 8000)) == 0:
            raise smoke.SmokeError("port 8000 is taken: the image would not be what answers")
    started, base = time.monotonic(), "http://127.0.0.1:8000"
    with start_inside(root, config, config["Cmd"], releases) as process:
        smoke.ask_until(f"{base}/ready", started + 120, str)
        ready = time.monotonic() - started
        smoke.wait_until_ready(base, 120)
        every_door = time.monotonic() - started
        smoke.check_doors(base, None, TOKEN)
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        rights = {name: value.split()[0] for name, _, value in (line.partition(":") for line in status.splitlines()) if name in ("Uid", "CapEff", "VmRSS")}
        if rights["Uid"] != "10001" or int(rights["CapEff"], 16):
            raise smoke.SmokeError(f"runs with more rights than it should: {rights}")
        with start_inside(root, config, config["Healthcheck"]["Test"][1:]) as health:
            if health.wait(timeout=20):
                raise smoke.SmokeError("HEALTHCHECK fails beside a service that is ready")
    return {"ready_seconds": round(ready, 1), "every_door_seconds": round(every_door, 1), "resident_megabytes": int(rights["VmRSS"]) // 1024}


def check_training(root: str, config: dict[str, Any]) -> dict[str, float]:
    """Train and publish in the image, with nothing but its own writable places; returns the seconds."""
    started = time.monotonic()
    command = ["python", "/app/run.py", "--pipeline", "training", "--set", "models=[majority,tfidf_logreg]", "--json"]
    with start_inside(root, config, command) as process:
        said = process.communicate(timeout=900)[0]
        if process.returncode or not json.loads(said)["release"]:
            raise smoke.SmokeError(f"training in the image ended with {process.returncode}: {said[-500:]}")
    return {"training_seconds": round(time.monotonic() - started, 1)}


def measure(path: Path) -> int:
    """Return the megabytes below a folder."""
    return int(subprocess.run(["du", "-sm", str(path)], capture_output=True, text=True, check=True).stdout.split()[0])


def main(argv: list[str] | None = None) -> int:
    """Build, start and measure an image; returns the exit code."""
    parser = argparse.ArgumentParser(prog="check_images.py", description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=("serving", "training"))
    parser.add_argument("--releases", type=Path, help="folder with published releases; the serving image is started over it")
    parser.add_argument("--images", type=Path, help="folder to keep images in (default: a temporary one)")
    parser.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE")
    arguments = parser.parse_args(argv)
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        parser.error(f"needs root, and {', '.join(missing or TOOLS)}: apt-get install buildah mmdebstrap util-linux")
    if arguments.kind == "serving" and not (arguments.releases and (arguments.releases / "CURRENT").is_file()):
        parser.error("serving is started over published releases: name their folder with --releases")
    with tempfile.TemporaryDirectory(prefix="images-") as temporary:
        builder = Builder(arguments.images or Path(temporary))
        if not builder.ask("images", "--quiet", "--filter", f"reference={BASE}"):
            builder.make_base(Path(temporary) / "base")
        started = time.monotonic()
        image = builder.build(arguments.kind, arguments.build_arg)
        figures: dict[str, float] = {"build_seconds": round(time.monotonic() - started)}
        config = json.loads(builder.ask("inspect", "--type", "image", image))["Docker"]["config"]
        container = builder.ask("from", "--pull-never", image)
        root = builder.ask("mount", container)
        figures |= {"megabytes": measure(Path(root)), "packages_megabytes": measure(Path(root) / "opt/venv")}
        try:
            figures |= check_serving(root, config, arguments.releases.resolve()) if arguments.kind == "serving" else check_training(root, config)
        except smoke.SmokeError as error:
            print(f"check_images.py: {error}", file=sys.stderr)
            return 1
        finally:
            builder.ask("umount", container)
            builder.ask("rm", container)
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
