"""What a stack needs and whether it is there: packages, settings, credentials, and whether what they lead to answers. Nothing is registered or changed.

Each finding says how to mend it. It needs no ZenML store, so it works where a stack can't even be registered.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from pipelines.stacks import fill_in, list_variables, read_stack

State = Literal["ready", "missing", "unreachable"]
_SECONDS = 3  # what an answer may take
_PACKAGES = {"s3": ("boto3", "s3fs"), "sagemaker": ("sagemaker",), "aws": ("boto3",), "kubernetes": ("kubernetes",), "wandb": ("wandb",)}
_NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "TokenRetrievalError", "UnauthorizedSSOTokenError")
_GET_CREDENTIALS = "aws configure sso, then aws sso login; or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_GET_ACCESS = "is the name right, is there a way to it, and may you use it? aws sts get-caller-identity says who you are"
_REMOTE = ("sagemaker", "kubernetes")
VARIABLES = {
    "AWS_ACCESS_KEY_ID": "of a user or role that may assume TRENDING_AWS_ROLE",
    "AWS_SECRET_ACCESS_KEY": "that goes with AWS_ACCESS_KEY_ID",
    "TRENDING_AIRFLOW_DAGS": "the folder that Airflow reads DAGs from",
    "TRENDING_AWS_REGION": "such as eu-central-1",
    "TRENDING_AWS_ROLE": "ARN of the role ZenML acts as (terraform output)",
    "TRENDING_ECR_REGISTRY": "ACCOUNT.dkr.ecr.REGION.amazonaws.com (terraform output)",
    "TRENDING_KUBERNETES_CONTEXT": "as kubectl config get-contexts lists it",
    "TRENDING_KUBERNETES_NAMESPACE": "where step pods run, as in infra/kubernetes",
    "TRENDING_REGISTRY": "of the training image, such as registry.example.org/trending-now",
    "TRENDING_S3_ARTIFACTS": "s3://BUCKET/PREFIX of the artifacts (terraform output)",
    "TRENDING_SAGEMAKER_ROLE": "ARN of the role SageMaker's jobs run as (terraform output)",
    "TRENDING_TRAINING_IMAGE": "address of the image that steps run in (infra/docker)",
}


class Finding(BaseModel):
    """What was found of one part of a stack."""

    part: str
    name: str
    state: State
    found: str
    mend: str = ""


def check_stack(name: str) -> list[Finding]:
    """Return what was found of each part of a stack, within seconds whatever is missing.

    Args:
        name: Of a file in `stacks/`, or the path of another.

    Raises:
        TrendingError: If there is no such stack.
    """
    content = read_stack(name)
    # Where there is no cloud, its metadata service isn't waited for.
    os.environ.setdefault("AWS_METADATA_SERVICE_TIMEOUT", "1")
    os.environ.setdefault("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1")
    # What a component may do is up to the connector's role, not to whoever may only take it on.
    roles = {name: spec["configuration"].get("role_arn") for name, spec in content.get("connectors", {}).items()}
    parts = [(kind, spec["flavor"], {**spec, "role": roles.get(spec.get("connector"))}) for kind, spec in content["components"].items()]
    asked: list[Callable[[], Finding]] = [lambda part=part: _check_part(*part) for part in parts]  # type: ignore[misc]
    asked += [lambda part=part: _check_part("connector", part[1]["type"], {"name": part[0], **part[1]}) for part in content.get("connectors", {}).items()]  # type: ignore[misc]
    if content["components"].get("orchestrator", {}).get("flavor") in _REMOTE:
        asked += [_check_image, _check_server]
    with ThreadPoolExecutor(len(asked)) as pool:
        return [answer.result() for answer in [pool.submit(one) for one in asked]]


def _check_part(kind: str, flavor: str, spec: dict[str, Any]) -> Finding:
    """Look for packages first, then for settings, then whether what they lead to answers: each needs the one before."""

    def say(state: State, found: str, mend: str = "") -> Finding:
        return Finding(part=kind, name=f"{spec['name']} ({flavor})", state=state, found=found, mend=mend)

    absent = [package for package in _PACKAGES.get(flavor, ()) if find_spec(package) is None]
    if absent:
        return say("missing", f"not installed: {', '.join(absent)}", "make install, or pip install 'trending-now[aws]'")
    unset = [variable for variable in list_variables(spec) if not os.environ.get(variable)]
    if unset:
        return say("missing", f"not set: {', '.join(unset)}", "; ".join(f"{variable}: {VARIABLES.get(variable, 'named in the YAML')}" for variable in unset))
    probe = _PROBES.get((kind, flavor), _probe_nothing)
    try:
        filled = fill_in({"stack_name": "", "components": {}, "spec": spec})["spec"]
        found = probe({**filled.get("configuration", {}), "role": filled.get("role")})
    except _UnmetError as unmet:
        return say(unmet.state, unmet.found, unmet.mend)
    except Exception as error:  # of each cloud's own kinds
        if type(error).__name__ in _NO_CREDENTIALS:
            return say("missing", "no credentials of AWS", _GET_CREDENTIALS)
        return say("unreachable", " ".join(str(error).split())[:160], _GET_ACCESS)
    return say("ready", found)


class _UnmetError(Exception):
    def __init__(self, state: State, found: str, mend: str) -> None:
        super().__init__(found)
        self.state, self.found, self.mend = state, found, mend


def _open_aws(service: str, configuration: dict[str, Any]) -> Any:
    """Return a client of a service, as the role that the stack's connector takes on, if it has one."""
    import boto3
    from botocore.config import Config

    limits = Config(connect_timeout=_SECONDS, read_timeout=_SECONDS, retries={"total_max_attempts": 1})
    regions = (configuration.get("region"), *(os.environ.get(name) for name in ("TRENDING_AWS_REGION", "AWS_REGION", "AWS_DEFAULT_REGION")), "us-east-1")
    said = {"region_name": next(filter(None, regions)), "config": limits}
    session = boto3.session.Session()
    if configuration.get("role"):
        taken = session.client("sts", **said).assume_role(RoleArn=configuration["role"], RoleSessionName="stack-check")["Credentials"]
        session = boto3.session.Session(taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"])
    return session.client(service, **said)


def _probe_nothing(_: dict[str, Any]) -> str:
    return "nothing to set up"


def _probe_s3(configuration: dict[str, Any]) -> str:
    path = str(configuration["path"])
    bucket = path.removeprefix("s3://").split("/")[0]
    if not path.startswith("s3://") or not bucket:
        raise _UnmetError("missing", f"{path} is no address in S3", "write s3://BUCKET/PREFIX")
    _open_aws("s3", configuration).head_bucket(Bucket=bucket)
    return f"bucket {bucket} answers"


def _probe_sagemaker(configuration: dict[str, Any]) -> str:
    client = _open_aws("sagemaker", configuration)
    with contextlib.suppress(client.exceptions.ResourceNotFound):  # it may look at pipelines of that name, and there need be none
        client.describe_pipeline(PipelineName="training-of-stack-check")
    return f"SageMaker answers in {configuration.get('region')}"


def _probe_ecr(configuration: dict[str, Any]) -> str:
    _open_aws("ecr", configuration).get_authorization_token()
    return "ECR lets you in"


def _probe_identity(configuration: dict[str, Any]) -> str:
    return f"you are {_open_aws('sts', configuration).get_caller_identity()['Arn']}"


def _probe_kubernetes(configuration: dict[str, Any]) -> str:
    from kubernetes import client, config

    context = configuration["kubernetes_context"]
    mend = "kubectl config get-contexts lists them; aws eks update-kubeconfig adds a cluster's"
    try:
        contexts, _ = config.list_kube_config_contexts()
    except config.ConfigException as error:
        raise _UnmetError("missing", "no kubeconfig", mend) from error
    if context not in [one["name"] for one in contexts]:
        raise _UnmetError("missing", f"no context {context} in the kubeconfig", mend)
    api = client.VersionApi(config.new_client_from_config(context=context))
    try:
        return f"Kubernetes {api.get_code(_request_timeout=_SECONDS).git_version} answers"
    except Exception as error:
        raise _UnmetError("unreachable", f"the cluster of {context} doesn't answer", "kubectl cluster-info says why") from error


def _probe_wandb(_: dict[str, Any]) -> str:
    if os.environ.get("WANDB_MODE") in {"offline", "dryrun", "disabled"}:
        return f"WANDB_MODE={os.environ['WANDB_MODE']}: no account is asked for"
    if not os.environ.get("WANDB_API_KEY"):
        raise _UnmetError("missing", "not set: WANDB_API_KEY", "set it once, ZenML keeps it from then on; or WANDB_MODE=offline")
    return "WANDB_API_KEY is set"


def _probe_airflow(configuration: dict[str, Any]) -> str:
    folder = Path(configuration["dag_output_dir"])
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise _UnmetError("missing", f"no folder {folder} to write to", "make it, and let Airflow's AIRFLOW__CORE__DAGS_FOLDER name it")
    seen = "" if shutil.which("airflow") else "; Airflow itself lives elsewhere and isn't seen from here"
    return f"DAGs are written to {folder}{seen}"


_PROBES: dict[tuple[str, str], Callable[[dict[str, Any]], str]] = {
    ("artifact_store", "s3"): _probe_s3,
    ("orchestrator", "sagemaker"): _probe_sagemaker,
    ("orchestrator", "kubernetes"): _probe_kubernetes,
    ("orchestrator", "airflow"): _probe_airflow,
    ("container_registry", "aws"): _probe_ecr,
    ("experiment_tracker", "wandb"): _probe_wandb,
    ("connector", "aws"): _probe_identity,
}


def _check_image() -> Finding:
    image = os.environ.get("TRENDING_TRAINING_IMAGE")
    if image:
        return Finding(part="image", name="TRENDING_TRAINING_IMAGE", state="ready", found=image)
    mend = f"TRENDING_TRAINING_IMAGE: {VARIABLES['TRENDING_TRAINING_IMAGE']}"
    return Finding(part="image", name="TRENDING_TRAINING_IMAGE", state="missing", found="not set: TRENDING_TRAINING_IMAGE", mend=mend)


def _check_server() -> Finding:
    """Steps on other machines report to a server that they reach: the local database is no such."""
    from zenml.config.global_config import GlobalConfiguration
    from zenml.enums import StoreType

    store = GlobalConfiguration().store_configuration
    if store.type == StoreType.REST:
        return Finding(part="server", name="ZenML", state="ready", found=f"connected to {store.url}")
    return Finding(part="server", name="ZenML", state="missing", found="ZenML uses this machine's own database", mend="zenml login https://YOUR-ZENML-SERVER")
